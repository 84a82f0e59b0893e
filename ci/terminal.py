#!/usr/bin/env python3
"""The runner on a real terminal: the progress line, colours, and what Ctrl-C
does once and twice; and in a pipe, where there is none of it.

usage: ci/terminal.py BUILD"""
import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time

build = sys.argv[1] if len(sys.argv) > 1 else "build/none"
conform = build + "/anytls-conform"
# It never answers heartbeats: these cases wait for seconds.
slow = ["--sut", f"{build}/anytls-broken --as heart-never -l {{listen}} -p {{password}}",
        "--profile", "v2", "server/heart/*"]
good = ["--sut", f"{build}/anytls-server -l {{listen}} -p {{password}}", "--profile", "v2"]
passed = failed = 0


def check(name, ok, detail=""):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    print("ok" if ok else "FAIL", name)
    if not ok:
        print("    " + repr(detail)[-1500:])


class Terminal:
    """The runner on a terminal of its own, COLUMNS wide."""

    def __init__(self, args, columns=100, **env):
        self.text = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            clean = {k: v for k, v in os.environ.items()
                     if k not in ("NO_COLOR", "CLICOLOR_FORCE")}
            os.execve(conform, [conform] + args, {**clean, "TERM": "xterm", **env})
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def wait_for(self, pattern, most=30):
        end = time.monotonic() + most
        while not re.search(pattern, self.text) and time.monotonic() < end:
            if not select.select([self.fd], [], [], 0.2)[0]:
                continue
            try:
                piece = os.read(self.fd, 65536)
            except OSError:
                break
            self.text += piece
        return re.search(pattern, self.text)

    def end(self):
        """Exit status, and how long it took."""
        start = time.monotonic()
        self.wait_for(rb"\Z(?!x)x")
        status = os.waitpid(self.pid, 0)[1]
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status), time.monotonic() - start

    def key(self, byte):
        os.write(self.fd, byte)


def screen(text, columns):
    """Lines as they stay, by what the runner uses: CR, LF, erase to the end."""
    lines, line, at = [], "", 0
    for part in re.findall(r"\x1b\[K|\x1b\[[0-9;]*m|.|\n", text, re.S):
        if part == "\n":
            lines.append(line)
            line, at = "", 0
        elif part == "\r":
            at = 0
        elif part == "\x1b[K":
            line = line[:at]
        elif not part.startswith("\x1b"):
            line = line[:at] + part + line[at + 1:]
            at += 1
    return lines + [line]


def progress():
    t = Terminal(slow + ["--deadline", "90s"], columns=90)
    seen = t.wait_for(rb"\d+/15 done, \d+ running, \d+ failed, \d+ s left, "
                      rb"server/heart/[a-z0-9-]+ \d\.\d of \d+ s")
    check("progress: done, running, failed, deadline, slowest", seen, t.text)
    code, _ = t.end()
    text = t.text.decode()
    drawn = re.findall(r"\r\x1b\[K(\d+/15 done[^\r\x1b]*)", text)
    check("progress: no wider than the terminal",
          drawn and max(map(len, drawn)) < 90, drawn[:3])
    check("progress: not more than ten times a second and case", len(drawn) < 400, len(drawn))
    stays = screen(text, 90)
    check("progress: nothing of it stays", code == 0 and
          not [s for s in stays if " done, " in s], stays)
    check("terminal: colours", "\x1b[3" in text, text)
    t = Terminal(good + ["server/settings/*"], columns=30)
    t.end()
    drawn = re.findall(r"\r\x1b\[K(\d+/\d+ done[^\r\x1b]*)", t.text.decode())
    check("progress: cut on a narrow terminal", drawn and
          max(map(len, drawn)) == 29, t.text)
    t = Terminal(good + ["server/settings/syn-first"], TERM="dumb")
    t.end()
    check("progress: none on a dumb terminal", b" done, " not in t.text, t.text)


def colours():
    for name, env, flags, wanted in (
            ("NO_COLOR on a terminal", {"NO_COLOR": "1"}, [], False),
            ("--color always beats NO_COLOR", {"NO_COLOR": "1"}, ["--color", "always"], True),
            ("--color never", {}, ["--color", "never"], False)):
        t = Terminal(good + flags + ["server/settings/syn-first"], **env)
        t.end()
        check(name, (b"\x1b[3" in t.text) == wanted, t.text)
    for name, env, wanted in (("a pipe has no colours", {}, False),
                              ("CLICOLOR_FORCE in a pipe", {"CLICOLOR_FORCE": "1"}, True),
                              ("CLICOLOR_FORCE=0 in a pipe", {"CLICOLOR_FORCE": "0"}, False)):
        clean = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
        r = subprocess.run([conform] + good + ["server/settings/syn-first"],
                           capture_output=True, timeout=60, env={**clean, **env})
        check(name, (b"\x1b[3" in r.stdout) == wanted, r.stdout)
        check(name + ", and no progress", r.stderr == b"", r.stderr)


def order():
    pattern = ["server/settings/*", "server/framing/*"]
    listed = subprocess.run([conform, "list"] + pattern, capture_output=True,
                            text=True, timeout=60).stdout
    r = subprocess.run([conform] + good + ["--shuffle"] + pattern, capture_output=True,
                       text=True, timeout=120)
    want = [s.split()[0] for s in listed.splitlines()]
    got = re.findall(r"^(?:ok|skip|FAIL|WARN|INFO) +(server/\S+)", r.stdout, re.M)
    check("results in the order of the plan, also shuffled", want and got == want,
          (want, got))


def interrupts():
    with tempfile.TemporaryDirectory() as d:
        t = Terminal(slow + ["--report", f"json={d}/r.json"])
        t.wait_for(rb"/15 done, ")
        t.key(b"\x03")
        code, _ = t.end()
        check("Ctrl-C: exit 2, and the summary", code == 2 and
              re.search(rb"^anytls-conform: .* blocked.*exit 2", t.text, re.M), (code, t.text))
        try:
            with open(f"{d}/r.json") as f:
                r = json.load(f)
        except (OSError, ValueError) as e:
            r = {"why": str(e)}
        check("Ctrl-C: the report has every case",
              len(r.get("tests", [])) == 15 and r["run"]["exit_code"] == 2, r.get("run", r))
    # One that cannot finish: its standard output is full and nobody reads.
    r, w = os.pipe()
    p = subprocess.Popen([conform] + good + ["-vv", "--repeat", "100"], stdout=w,
                         stderr=subprocess.DEVNULL, start_new_session=True)
    os.close(w)
    time.sleep(4)
    os.kill(p.pid, 2)
    time.sleep(1)
    stuck = p.poll() is None
    start = time.monotonic()
    os.kill(p.pid, 2)
    try:
        code = p.wait(10)
    except subprocess.TimeoutExpired:
        p.kill()
        code = p.wait()
    took = time.monotonic() - start
    os.close(r)
    check("the second Ctrl-C ends at once", stuck and code == 2 and took < 1,
          (stuck, code, took))


os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
progress()
colours()
order()
interrupts()
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
