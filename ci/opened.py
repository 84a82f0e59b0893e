#!/usr/bin/env python3
"""Every file of a run with -o DIR, opened by a tool that is not ours:
opened.py BUILD [SERVER-COMMAND]

Runs the suite (a server with known findings, unless a command is given), lists
each file below DIR with what read it and what that saw, and the installed text
besides: manual pages and completions. A file that nothing here can open is a
failure, a tool that is not installed a counted skip.
"""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SCHEMAS = os.path.join(HERE, "..", "conformance", "schema")
BUILD = sys.argv[1] if len(sys.argv) > 1 else "build/none"
CONFORM = os.path.join(BUILD, "anytls-conform")
SERVER = sys.argv[2] if len(sys.argv) > 2 else (
    os.path.join(BUILD, "anytls-broken") + " --as heart-never -l {listen} -p {password}")
SUBSET = [] if len(sys.argv) > 2 else ["server/heart/*", "server/fin/*"]

counts = {True: 0, False: 0, None: 0}


def said(*argv, data=None):
    """Exit code and output of a program that is not ours."""
    done = subprocess.run(argv, input=data, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, check=False, timeout=120,
                          errors="replace", env=dict(os.environ, LC_ALL="C.UTF-8"))
    return done.returncode, done.stdout.strip()


def json_schema(path):
    try:
        import jsonschema
    except ImportError:
        return None, "no jsonschema here"
    with open(path, encoding="utf-8") as f:
        data = json.load(f)
    with open(SCHEMAS + "/results.schema.json", encoding="utf-8") as f:
        schema = json.load(f)
    cls = jsonschema.validators.validator_for(schema)
    errors = [e.message for e in cls(schema).iter_errors(data)]
    return not errors, f"jsonschema: {len(data['tests'])} tests, " + (
        "valid" if not errors else errors[0])


def json_lines(path):
    with open(path, encoding="utf-8") as f:
        events = [json.loads(line)["event"] for line in f]
    return events[-1] == "run_end", f"Python's json: {len(events)} events"


def json_plain(path):
    with open(path, encoding="utf-8") as f:
        data = json.load(f)
    return True, "Python's json: " + ", ".join(list(data)[:4])


def xml(path):
    rc, text = said("xmllint", "--noout", "--schema", SCHEMAS + "/junit.xsd", path)
    return rc == 0, "xmllint: " + text.replace(path, "it")[-80:]


def tap(path):
    _, text = said("prove", "-e", "cat", path)
    last = text.splitlines()[-2:]
    return "Parse errors" not in text, "prove: " + " / ".join(last)[-100:]


def page(path):
    rc, text = said("chromium", "--headless=new", "--no-sandbox", "--disable-gpu",
                    "--user-data-dir=" + path + ".profile", "--dump-dom", "file://" + path)
    shutil.rmtree(path + ".profile", ignore_errors=True)
    shown = len(re.findall(r'class="case\b', text))
    return rc == 0 and shown > 0, f"chromium: {shown} cases in the page it built"


def markdown(path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    rc, out = said("pandoc", "-f", "gfm", "-t", "plain", data=text)
    return rc == 0, f"pandoc: {len(out.splitlines())} lines of text"


def capture(path):
    rc, text = said("tshark", "-n", "-r", path, "-T", "fields", "-e", "frame.number",
                    "-e", "data.data", "-e", "frame.comment")
    rows = [r.split("\t") for r in text.splitlines() if re.match(r"\d+\t", r)]
    clear = sum(bool(r[1]) for r in rows)
    marks = [r[2] for r in rows if len(r) > 2 and r[2]]
    name = os.path.basename(path).rsplit(".", 1)[0].replace(".", "/", 2)
    return (rc == 0 and clear > 0 and any(name in m for m in marks),
            f"tshark: {len(rows)} packets, {clear} with plaintext; comment: "
            + (marks[0][:50] if marks else "none"))


def log(path):
    rc, text = said("file", "-b", path)
    return "text" in text or "empty" in text, "file: " + text


OPENERS = [(r"results\.json$", None, json_schema), (r"\.jsonl$", None, json_lines),
           (r"junit\.xml$", "xmllint", xml), (r"\.tap$", "prove", tap),
           (r"\.html$", "chromium", page), (r"\.md$", "pandoc", markdown),
           (r"\.pcapng$", "tshark", capture), (r"\.log$", "file", log),
           (r"(badge\.json|\.sarif)$", None, json_plain)]


def note(ok, what, seen):
    counts[ok] += 1
    print(f"{'skip' if ok is None else 'ok' if ok else 'FAIL'} {what}  {seen}")


def open_file(path, name):
    for pattern, tool, opener in OPENERS:
        if not re.search(pattern, name):
            continue
        if tool and not shutil.which(tool):
            note(None, name, f"no {tool} here")
        else:
            ok, seen = opener(path)
            note(ok, f"{name} ({os.path.getsize(path)} bytes)", seen)
        return
    note(False, name, "nothing here opens it")


def manual_and_completions(tmp):
    page_1 = tmp + "/anytls-conform.1"
    with open(page_1, "w", encoding="utf-8") as f:
        f.write(said(CONFORM, "--print-manual", "man")[1] + "\n")
    if shutil.which("man"):
        _, text = said("man", "-l", page_1)
        note("EXIT STATUS" in text and "--shard" in text, "manual page",
             f"man: {len(text.splitlines())} lines")
    else:
        note(None, "manual page", "no man here")
    script = said(CONFORM, "--print-completion", "bash")[1]
    line = "; COMP_WORDS=(anytls-conform --repo) COMP_CWORD=1 COMP_LINE='anytls-conform --repo'; " \
        "f=$(complete -p anytls-conform | sed 's/.*-F \\([^ ]*\\).*/\\1/'); $f; echo \"${COMPREPLY[@]}\""
    _, text = said("bash", "-c", script + line)
    note("--report" in text, "completion of --repo", "bash: " + text[-40:])


def main():
    with tempfile.TemporaryDirectory() as tmp:
        out = tmp + "/out"
        rc, text = said(CONFORM, "-o", out, "--sut", SERVER, *SUBSET)
        note(rc in (0, 1), shlex.quote(SERVER), text.splitlines()[-1])
        for folder, _, names in sorted(os.walk(out)):
            for name in sorted(names):
                path = os.path.join(folder, name)
                open_file(path, os.path.relpath(path, out))
        manual_and_completions(tmp)
    print(f"{counts[True]} passed, {counts[False]} failed, {counts[None]} skipped")
    return counts[False] != 0


if __name__ == "__main__":
    sys.exit(main())
