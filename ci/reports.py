#!/usr/bin/env python3
"""Are the files that -o DIR wrote what their formats ask for?

reports.py check DIR [SECRET]   each file, against the others and its schema
reports.py split DIR N          the results.json of DIR as those of N shards
reports.py spoil FILE OUT HOW   a result file with a mistake in it

Uses xmllint and prove, and Python's jsonschema; what is missing is a counted
skip. Ends with "N passed, N failed, N skipped".
"""
import collections
import copy
import html.parser
import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
SCHEMAS = os.path.join(HERE, "..", "conformance", "schema")
FILES = ["results.json", "results.jsonl", "junit.xml", "results.tap",
         "report.html", "summary.md", "badge.json", "results.sarif"]
QUIET = ("pass", "skip", "blocked")
# What no terminal, viewer or log should ever get: C0 but tab and line feed,
# DEL, C1, and characters that change the direction of text.
UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e"
                   "\u2066-\u2069\ufeff]")

passed = failed = skipped = 0


def check(name, fact, seen=""):
    global passed, failed
    passed += bool(fact)
    failed += not fact
    print(("ok " if fact else "FAIL ") + name +
          ("" if fact else ": " + repr(seen)[:300]))


def skip(what):
    global skipped
    skipped += 1
    print("skip " + what)


def read(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as f:
        return f.read()


def check_texts(folder, secret):
    for name in FILES:
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            check(f"{name} is there", False)
            continue
        with open(path, "rb") as f:
            raw = f.read()
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as e:
            check(f"{name} is UTF-8", False, e)
            continue
        unfit = UNFIT.search(text)
        check(f"{name} is fit to print", not unfit,
              unfit and text[max(0, unfit.start() - 40):unfit.end() + 20])
        paths = re.search(r"[\"' =>(]/(tmp|home|root|work|usr|var)/\S*", text)
        check(f"{name} names no folder", not paths, paths and paths.group())
        check(f"{name} has no password", not secret or secret not in text)
    left = [n for n in os.listdir(folder) if n.endswith(".tmp")]
    check("no temporary file is left", not left, left)


def check_json(folder):
    data = json.loads(read(folder, "results.json"))
    try:
        import jsonschema
        with open(os.path.join(SCHEMAS, "results.schema.json"),
                  encoding="utf-8") as f:
            schema = json.load(f)
        validator = jsonschema.validators.validator_for(schema)
        validator.check_schema(schema)
        errors = [f"{list(e.path)}: {e.message}"
                  for e in validator(schema).iter_errors(data)]
        check("results.json fits its schema", not errors, errors[:3])
        known = set(schema["$defs"]["test"]["properties"])
        more = {k for t in data["tests"] for k in t} - known
        check("the schema knows each member of a test", not more, more)
        more = set(data["run"]) - set(schema["properties"]["run"]["properties"])
        more |= set(data) - set(schema["properties"])
        check("the schema knows each member of the run", not more, more)
    except ImportError:
        skip("results.json against its schema: no jsonschema here")
    everything = data["tests"] + data["findings"]
    counts = collections.Counter(t["status"] for t in everything)
    wrong = {s: (n, data["counts"][s]) for s, n in counts.items()
             if data["counts"][s] != n}
    check("the counts are those of the tests", not wrong, wrong)
    ids = {r["id"] for r in data["requirements"]}
    lost = {r for t in data["tests"] for r in t["requirements"]} - ids
    check("each requirement has its row", not lost, lost)
    return data


def check_lines(folder, data):
    events = [json.loads(l) for l in read(folder, "results.jsonl").splitlines()]
    kinds = [e["event"] for e in events]
    check("results.jsonl begins and ends",
          kinds[0] == "run_start" and kinds[-1] == "run_end")
    ends = [e for e in events if e["event"] == "test_end"]
    for e in ends:
        del e["event"]
    check("results.jsonl has the tests of results.json", ends == data["tests"])


def check_junit(folder, data):
    path = os.path.join(folder, "junit.xml")
    if shutil.which("xmllint"):
        done = subprocess.run(
            ["xmllint", "--noout", "--schema",
             os.path.join(SCHEMAS, "junit.xsd"), path],
            capture_output=True, text=True, check=False)
        check("junit.xml is valid", done.returncode == 0, done.stderr)
    else:
        skip("junit.xml against its schema: no xmllint here")
    root = ElementTree.parse(path).getroot()
    cases = root.findall("testsuite/testcase")
    check("junit.xml has a testcase for each result",
          len(cases) == len(data["tests"]) + len(data["findings"]), len(cases))
    for what, tag in (("failures", "failure"), ("errors", "error")):
        seen = len(root.findall("testsuite/testcase/" + tag))
        check(f"junit.xml counts its {what}", int(root.get(what)) == seen, seen)
    bad = sum(t["is_unexpected"] for t in data["tests"] + data["findings"])
    seen = int(root.get("failures")) + int(root.get("errors"))
    check("junit.xml fails what is unexpected", seen == bad, (seen, bad))


def check_tap(folder, data):
    path = os.path.join(folder, "results.tap")
    text = read(folder, "results.tap")
    if "Bail out!" in text:
        check("TAP bails out of an unusable target",
              data["run"]["completion"] == "unusable")
        return
    lines = re.findall(r"^(ok|not ok) (\d+) - (.*)$", text, re.M)
    check("TAP has its plan", f"1..{len(lines)}\n" in text and
          len(lines) == len(data["tests"]) + 1, len(lines))
    check("TAP is in order", [int(l[1]) for l in lines] ==
          list(range(1, len(lines) + 1)))
    bad = sum(t["is_unexpected"] for t in data["tests"])
    red = [l[2] for l in lines[:-1] if l[0] == "not ok" and "# TODO" not in l[2]]
    check("TAP fails what is unexpected", len(red) == bad, red[:3])
    if not shutil.which("prove"):
        skip("TAP: no prove here")
        return
    done = subprocess.run(["prove", "-e", "cat", path], capture_output=True,
                          text=True, check=False)
    check("prove reads it without parse errors",
          "Parse errors" not in done.stdout + done.stderr, done.stdout[-300:])
    red = bad + (lines[-1][0] == "not ok")
    check("prove agrees", (done.returncode == 0) == (red == 0),
          done.stdout[-300:])
    said = re.search(r"Tests: (\d+) Failed: (\d+)", done.stdout)
    check("prove counts the same", red == 0 or (said and said.groups() ==
          (str(len(lines)), str(red))), done.stdout[-300:])


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = collections.Counter()
        self.links = []

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.links += [v for k, v in attrs if k in ("src", "href")]


def check_html(folder, data):
    text = read(folder, "report.html")
    page = Page()
    page.feed(text)
    check("HTML has its two scripts", page.tags["script"] == 2, page.tags)
    check("HTML has no markup of a peer",
          not page.tags["img"] and not page.tags["iframe"], page.tags)
    check("HTML links to nothing outside",
          all(l.startswith(("#", "data:")) for l in page.links), page.links)
    check("HTML forbids itself the network", "default-src 'none'" in text)
    start = text.index('id="results">') + len('id="results">')
    inside = json.loads(text[start:text.index("</script>", start)])
    check("HTML has the results", inside == data)


def check_markdown(folder, data):
    text = read(folder, "summary.md")
    check("Markdown fits a job summary", len(text.encode()) < 1 << 20)
    fence, outside = None, []
    for line in text.splitlines():
        m = re.match(r"^(`{3,})", line)
        if fence is None and m:
            fence = m.group(1)
        elif fence is not None and line == fence:
            fence = None
        elif fence is None:
            outside.append(line)
    check("Markdown closes its fences", fence is None)
    spans = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)")
    bare = [spans.sub("", l) for l in outside]
    tags = re.findall(r"</?(\w+)", "\n".join(bare))
    check("Markdown has no markup of a peer",
          set(tags) <= {"details", "summary", "code"}, set(tags))
    check("Markdown mentions nobody",
          not re.search(r"(?<!\w)@\w", "\n".join(bare)))
    check("Markdown has a row for each finding", sum(
        t["status"] not in QUIET for t in data["tests"] + data["findings"]) ==
        sum(l.startswith("| ") and "`" in l for l in outside) or
        len(data["tests"]) > 200)


def check_badge(folder):
    badge = json.loads(read(folder, "badge.json"))
    check("the badge is one", badge["schemaVersion"] == 1 and
          set(badge) == {"schemaVersion", "label", "message", "color"}, badge)


def check_sarif(folder, data):
    sarif = json.loads(read(folder, "results.sarif"))
    run = sarif["runs"][0]
    rules = {r["id"] for r in run["tool"]["driver"]["rules"]}
    check("SARIF is of version 2.1.0", sarif["version"] == "2.1.0")
    check("SARIF has a rule for each result",
          {r["ruleId"] for r in run["results"]} <= rules)
    check("SARIF has a result for each finding", len(run["results"]) == sum(
        t["status"] not in QUIET for t in data["tests"] + data["findings"]))
    check("SARIF tells levels", {r["level"] for r in run["results"]} <=
          {"error", "warning", "note"})
    marks = [json.dumps(r["partialFingerprints"], sort_keys=True)
             for r in run["results"] if r["ruleId"] != "RUN"]
    check("SARIF has a fingerprint of its own for each",
          len(marks) == len(set(marks)))
    check("SARIF says the exit code", run["invocations"][0]["exitCode"] ==
          data["run"]["exit_code"])


def check_all(folder, secret):
    check_texts(folder, secret)
    data = check_json(folder)
    check_lines(folder, data)
    check_junit(folder, data)
    check_tap(folder, data)
    check_html(folder, data)
    check_markdown(folder, data)
    check_badge(folder)
    check_sarif(folder, data)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return failed != 0


def write(path, data):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(data, f)


def split(folder, n):
    data = json.loads(read(folder, "results.json"))
    for i in range(n):
        part = copy.deepcopy(data)
        part["tests"] = part["tests"][i::n]
        part["run"]["planned"] = len(part["tests"])
        part["run"]["shard"] = {"index": i + 1, "count": n}
        if i != 0:
            part["findings"] = []
        write(os.path.join(folder, f"shard-{i + 1}.json"), part)


def spoil(path, out, how):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    data = json.loads(text)
    if how == "cut":
        with open(out, "w", encoding="utf-8") as f:
            f.write(text[:len(text) // 2])
        return
    if how == "schema":
        data["schema"] = 99
    elif how == "list":
        data = []
    elif how == "type":
        data["tests"][0]["id"] = 7
    elif how == "status":
        data["tests"][0]["status"] = "splendid"
    elif how == "missing":
        del data["run"]["seed"]
    elif how == "hex":
        next(t for t in data["tests"] if t.get("bytes"))["bytes"]["hex"] = "0g"
    elif how == "negative":
        data["tests"][0]["duration_ms"] = -1
    elif how == "version":
        data["run"]["version"] = "0.0.1"
    elif how == "target":
        data["run"]["command"] = "something else"
    elif how == "plan":
        data["run"]["plan"] = "0123456789abcdef"
    elif how == "lost":
        data["tests"].pop()
    elif how == "fixed":
        next(t for t in data["tests"] if t["is_unexpected"])["status"] = "pass"
    else:
        raise SystemExit("reports.py: no such mistake: " + how)
    write(out, data)


def main(args):
    if args[:1] == ["check"]:
        return check_all(args[1], args[2] if len(args) > 2 else None)
    if args[:1] == ["split"]:
        split(args[1], int(args[2]))
    elif args[:1] == ["spoil"]:
        spoil(*args[1:])
    else:
        raise SystemExit(__doc__)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
