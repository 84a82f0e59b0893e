#!/usr/bin/env python3
"""What the table of options is printed as: manual pages without a warning, a
reference page that is the one in git, and completion scripts that complete in
the real shells, which are typed at through a terminal. Counted as skipped is
what this machine has no shell or formatter for.

usage: ci/shells.py BUILD"""
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build/none")
conform = build + "/anytls-conform"
passed = failed = skipped = 0


def check(name, ok, detail=""):
    global passed, failed
    if ok:
        passed += 1
        print("ok", name)
    else:
        failed += 1
        print("FAIL", name)
        print("    " + "\n    ".join(str(detail)[-1500:].splitlines()))


def skip(name, why):
    global skipped
    skipped += 1
    print(f"skip {name}: {why}")


def out(*argv, **kw):
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, **kw)


class Terminal:
    """A shell on a terminal of its own."""

    def __init__(self, argv, env):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(argv[0], argv, env)

    def read(self, quiet=0.5, most=15, until=None):
        """What comes until UNTIL matches, or nothing has come for QUIET."""
        text, end = b"", time.monotonic() + most
        while time.monotonic() < end:
            ready, _, _ = select.select([self.fd], [], [], quiet)
            if not ready:
                if until is None or re.search(until, text):
                    break
                continue
            try:
                piece = os.read(self.fd, 65536)
            except OSError:
                break
            if not piece:
                break
            text += piece
            if until is not None and re.search(until, text):
                break
        return text.decode(errors="replace")

    def type(self, text, **kw):
        os.write(self.fd, text.encode())
        return self.read(**kw)

    def close(self):
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def environment(home):
    return {"PATH": build + ":" + os.environ["PATH"], "HOME": home, "TERM": "dumb",
            "LC_ALL": "C.UTF-8", "INPUTRC": "/dev/null", "HISTFILE": "/dev/null"}


# What is typed, and what must then be on the line or below it.
TYPED = [
    ("an option", "anytls-conform --known-f\t", r"--known-failures"),
    ("a choice", "anytls-conform --level sho\t", r"should"),
    ("a subcommand", "anytls-conform cover\t", r"coverage"),
    ("a case", "anytls-conform --run server/settings/syn-first-a\t",
     r"syn-first-alert"),
    ("a client case", "anytls-conform client client/reuse/newest-idle-f\t",
     r"newest-idle-first"),
]


def in_shell(shell, argv, setup, home):
    t = Terminal(argv, environment(home))
    t.read(quiet=0.5)
    t.type(setup + "\n", until=rb"ready-1", most=20)
    for name, keys, wanted in TYPED:
        seen = t.type("\x15" + keys, until=wanted.encode(), quiet=1, most=20)
        check(f"{shell}: {name}", re.search(wanted, seen), seen)
    t.close()


def bash(home):
    with open(home + "/c.bash", "w") as f:
        f.write(out(conform, "--print-completion", "bash").stdout)
    in_shell("bash", ["bash", "--norc", "--noprofile", "-i"],
             f"PS1='> '; . {home}/c.bash; echo ready-$((0+1))", home)


def zsh(home):
    with open(home + "/_anytls-conform", "w") as f:
        f.write(out(conform, "--print-completion", "zsh").stdout)
    in_shell("zsh", ["zsh", "-f", "-i"],
             f"PS1='> '; unsetopt zle_bracketed_paste; fpath=({home} $fpath); "
             "autoload -U compinit; compinit -u -D; echo ready-$((0+1))", home)


def fish(home):
    with open(home + "/c.fish", "w") as f:
        f.write(out(conform, "--print-completion", "fish").stdout)
    for name, keys, wanted in TYPED:
        r = out("fish", "-c", f"source {home}/c.fish; complete -C '{keys.strip()}'",
                env=environment(home))
        check(f"fish: {name}", re.search(wanted, r.stdout), r.stdout + r.stderr)


def manual():
    pages = {"anytls-conform": out(conform, "--print-manual", "man").stdout}
    for d in "server", "client":
        r = out("tools/help-man", f"{build}/anytls-{d}")
        pages["anytls-" + d] = r.stdout
    for name, page in pages.items():
        with tempfile.NamedTemporaryFile("w", suffix=".1") as f:
            f.write(page)
            f.flush()
            for tool, argv in (("man", ["man", "-l", "--warnings", f.name]),
                               ("mandoc", ["mandoc", "-T", "lint", "-W", "warning", f.name])):
                if shutil.which(tool) is None:
                    skip(f"{tool} {name}.1", f"no {tool} here")
                    continue
                r = out(*argv, env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"})
                said = r.stderr if tool == "man" else r.stdout
                # A page without a date is one that does not change by itself.
                said = "\n".join(s for s in said.splitlines()
                                 if "date" not in s and "referenced manual" not in s)
                check(f"{tool} has no complaint about {name}.1", page and not said, said)
                if tool == "man":
                    check(f"man shows the options of {name}",
                          "--password-file" in r.stdout, r.stdout)


def reference():
    made = out(conform, "--print-manual", "markdown").stdout
    with open("docs/cli.md") as f:
        kept = f.read()
    check("docs/cli.md is what the program prints (else: make docs)",
          made and made == kept)
    options = set(re.findall(r"^ .*(--[a-z-]+)(?: [A-Z\[a-z|]+.*)?$",
                             out(conform, "--help").stdout, re.M))
    names = set(re.findall(r"\| `(?:-\w`, `)?(--[a-z-]+)", made))
    page = out(conform, "--print-manual", "man").stdout.replace("\\-", "-")
    for shell in "bash", "zsh", "fish":
        script = out(conform, "--print-completion", shell).stdout
        missing = [n for n in names
                   if (f"-l {n[2:]} " if shell == "fish" else n) not in script]
        check(f"{shell}: every option", names and not missing, missing)
    check("help: every option", not [n for n in names if n + " " not in
                                     out(conform, "--help").stdout + " "
                                     and n not in options],
          names)
    check("manual page: every option", not [n for n in names if n not in page])


os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
with tempfile.TemporaryDirectory() as home:
    for run in bash, zsh, fish:
        if shutil.which(run.__name__) is None:
            skip(f"{run.__name__} completion", "no such shell here")
        else:
            run(home)
manual()
reference()
print(f"{passed} passed, {failed} failed, {skipped} skipped")
sys.exit(failed != 0)
