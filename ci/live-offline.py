#!/usr/bin/env python3
"""The same traffic, judged while it happens (client --observe) and from its
capture (check-pcap), gives the same findings. Broken clients make it. Ends with
"N passed, N failed, N skipped"; skipped without root or tcpdump."""
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


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(path, text, p):
    end = time.monotonic() + 20
    while text not in open(path, errors="replace").read():
        if p.poll() is not None or time.monotonic() > end:
            raise SystemExit("no %r: %s" % (text, open(path, errors="replace").read()))
        time.sleep(0.05)


def stop(p):
    if p.poll() is None:
        p.send_signal(signal.SIGTERM)
        p.wait(10)


def session(build, tmp, name):
    """The findings of both."""
    port, socks = free_port(), free_port()
    path = {k: os.path.join(tmp, k) for k in ("cap", "dump", "live", "client", "keys")}
    for p in path.values():
        open(p, "w").close()
    dump = subprocess.Popen(["tcpdump", "-i", "lo", "-s", "0", "--immediate-mode", "-U", "-n",
                             "-w", path["cap"], "tcp port %d" % port],
                            stderr=open(path["dump"], "wb"), stdout=subprocess.DEVNULL)
    wait_for(path["dump"], "listening on", dump)
    live = subprocess.Popen([os.path.join(build, "anytls-conform"), "client", "--observe",
                             "--listen", "127.0.0.1:%d" % port, "--password", "pw",
                             "--keylog", path["keys"]], stdout=open(path["live"], "wb"))
    wait_for(path["live"], "observing on", live)
    client = subprocess.Popen([os.path.join(build, "anytls-broken"), "client", "--as", name,
                               "-l", "127.0.0.1:%d" % socks, "-s", "127.0.0.1:%d" % port,
                               "-p", "pw", "--insecure"], stdout=open(path["client"], "wb"),
                              stderr=subprocess.STDOUT)
    wait_for(path["client"], "listening on", client)
    for _ in range(2):
        subprocess.run(["curl", "-s", "-m", "1", "-o", os.devnull, "-x",
                        "socks5h://127.0.0.1:%d" % socks, "http://127.0.0.1:9/"], check=False)
    stop(client)
    time.sleep(0.3)
    stop(live)
    time.sleep(0.3)
    stop(dump)
    off = subprocess.run([os.path.join(build, "anytls-conform"), "check-pcap", path["cap"],
                          "--keylog", path["keys"], "--port", str(port), "--color", "never"],
                         capture_output=True, text=True, check=False)
    said = open(path["live"]).read()
    return set(FINDING.findall(said)), set(FINDING.findall(off.stdout)), said, off.stdout


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
