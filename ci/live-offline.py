#!/usr/bin/env python3
"""The same traffic, judged while it happens (client --observe) and from its
captures (check-pcap: by tcpdump, and the observer's own), gives the same
findings. Broken clients make it. Ends with
"N passed, N failed, N skipped"; skipped without root or tcpdump."""
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CLIENTS = ["plain", "auth-padding-random", "flight-settings-apart", "settings-each-stream",
           "settings-no-version", "settings-no-client", "settings-no-md5", "waste-ones",
           "waste-with-id", "auth-three-records", "flight-counter-0", "ids-one"]
FINDING = re.compile(r"(?:FAIL|WARN|INFO) (?:session/\d+/)?(AT-[A-Z0-9]+-\d+)", re.I)


def wait_for(path, pattern, p):
    """What PATTERN finds in the file that P writes."""
    end = time.monotonic() + 20
    while True:
        with open(path, errors="replace") as f:
            said = f.read()
        found = re.search(pattern, said)
        if found:
            return found
        if p.poll() is not None or time.monotonic() > end:
            raise SystemExit("no %r: %s" % (pattern, said))
        time.sleep(0.05)


def stop(p):
    if p.poll() is None:
        p.send_signal(signal.SIGTERM)
        p.wait(10)


class Traffic:
    """A broken client, whoever observes it, and tcpdump; all end with it."""

    def __init__(self, build, tmp):
        self.build, self.tmp, self.stack = build, tmp, contextlib.ExitStack()

    def path(self, name):
        return os.path.join(self.tmp, name)

    def program(self, name):
        return os.path.join(self.build, name)

    def start(self, name, argv, pattern):
        """The program and what PATTERN finds in its output."""
        out = self.stack.enter_context(open(self.path(name), "wb"))
        p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out,
                             stderr=subprocess.STDOUT)
        self.stack.callback(stop, p)
        return p, wait_for(self.path(name), pattern, p)

    def observe(self):
        """The suite as an observer, and its port: one that is free still."""
        for _ in range(10):
            with socket.create_server(("127.0.0.1", 0)) as s:
                port = str(s.getsockname()[1])
            with contextlib.suppress(SystemExit):
                return self.start("live", [
                    self.program("anytls-conform"), "client", "--observe", "--listen",
                    "127.0.0.1:" + port, "--password", "pw", "--keylog", self.path("keys"),
                    "-o", self.path("out")],
                    "observing on")[0], port
        raise SystemExit("nowhere to observe")

    def run(self, defect):
        """The port on which it happened."""
        live, port = self.observe()
        dump, _ = self.start("dump", [
            "tcpdump", "-i", "lo", "-s", "0", "--immediate-mode", "-U", "-n", "-w",
            self.path("cap"), "tcp port " + port], "listening on")
        client, at = self.start("client", [
            self.program("anytls-broken"), "client", "--as", defect, "-l", "127.0.0.1:0", "-s",
            "127.0.0.1:" + port, "-p", "pw", "--insecure"], r"listening on [0-9.]+:(\d+)")
        for _ in range(2):
            subprocess.run(["curl", "-s", "-m", "1", "-o", os.devnull, "-x",
                            "socks5h://127.0.0.1:" + at.group(1), "http://127.0.0.1:9/"],
                           check=False)
        for p in (client, live, dump):
            stop(p)
            time.sleep(0.3)
        return port


def session(build, tmp, name):
    """The findings of both."""
    traffic = Traffic(build, tmp)
    with traffic.stack:
        port = traffic.run(name)
    off = subprocess.run([traffic.program("anytls-conform"), "check-pcap", traffic.path("cap"),
                          "--keylog", traffic.path("keys"), "--port", port, "--color", "never"],
                         capture_output=True, text=True, check=False)
    own = subprocess.run([traffic.program("anytls-conform"), "check-pcap", "--color", "never",
                          os.path.join(traffic.path("out"), "observed.pcapng"), "--port", port],
                         capture_output=True, text=True, check=False)
    with open(traffic.path("live"), encoding="utf-8", errors="replace") as f:
        said = f.read()
    found = [set(FINDING.findall(text)) for text in (said, off.stdout, own.stdout)]
    if found[2] != found[1] or "keys inside" not in said:
        found[1] = found[2] | {"another, from its own capture: " + own.stdout + own.stderr}
    return found[0], found[1], said, off.stdout


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build", "none")
    names = sys.argv[2:] or CLIENTS
    if os.geteuid() != 0 or shutil.which("tcpdump") is None:
        print("needs root and tcpdump\n0 passed, 0 failed, %d skipped" % len(names))
        return 0
    passed = failed = total = 0
    for name in names:
        with tempfile.TemporaryDirectory() as tmp:
            live, off, said, told = session(build, tmp, name)
        total += len(live)
        if live == off and " 1 judged" in told or live == off and live:
            passed += 1
        else:
            failed += 1
            print("FAIL %s: live %s, offline %s\n%s\n%s" % (
                name, sorted(live), sorted(off), said, told))
    if total == 0 and len(names) > 1:
        print("nobody found anything")
        failed += 1
    print("%d findings, the same\n%d passed, %d failed, 0 skipped" % (total, passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
