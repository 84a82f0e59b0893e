#!/usr/bin/env python3
"""System calls that fail, one by one, in the daemons and the runner.

failcalls.py BUILD [MOST]: each program runs once for each of the first MOST
(default 6) calls of each function, that call failing. It must not crash or
hang, a failing exit must come with a sentence, and a daemon that lives on must
end when told to. Ends with "N passed, N failed, N skipped".
"""
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

CALLS = {"socket": 24, "bind": 98, "listen": 95, "accept": 24, "accept4": 24,
         "connect": 101, "setsockopt": 12, "getsockname": 105, "read": 5,
         "write": 32, "send": 104, "recv": 104, "pipe": 24, "fork": 11,
         "epoll_create1": 24, "eventfd": 24}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def poke(port):
    """Connects, says something, goes away. True when something accepted."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as s:
            s.sendall(b"\x16\x03\x01")
            s.settimeout(0.2)
            s.recv(1)
        return True
    except socket.timeout:
        return True
    except OSError:
        return False


def run_daemon(argv, port, env):
    p = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    end = time.monotonic() + 1.5
    while time.monotonic() < end and p.poll() is None and not poke(port):
        time.sleep(0.02)
    if p.poll() is None:
        p.send_signal(signal.SIGTERM)
    try:
        err = p.communicate(timeout=15)[1]
    except subprocess.TimeoutExpired:
        p.kill()
        p.communicate()
        return None, b"it does not end"
    return p.returncode, err


def run_program(argv, env):
    try:
        p = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           timeout=30, check=False)
    except subprocess.TimeoutExpired:
        return None, b"it does not end"
    return p.returncode, p.stdout


def judge(rc, err):
    """What is wrong, or ""."""
    if rc is None:
        return err.decode()
    if rc < 0 and rc != -signal.SIGTERM:
        return f"killed by signal {-rc}"
    if rc != 0 and not err.strip():
        return f"exit {rc} without a sentence"
    return ""


def programs(build):
    server = f"{build}/anytls-server"
    client = f"{build}/anytls-client"
    conform = f"{build}/anytls-conform"
    yield "server", lambda port: [server, "-l", f"127.0.0.1:{port}", "-p",
                                  "x"], True
    yield "client", lambda port: [client, "-l", f"127.0.0.1:{port}", "-s",
                                  "127.0.0.1:1", "-p", "x"], True
    yield "conform", lambda port: [
        conform, "--sut", f"{server} -l {{listen}} -p {{password}}",
        "--timeout", "1s", "--deadline", "15s", "server/heart/*"], False


def main(argv):
    build = argv[1] if len(argv) > 1 else "build/none"
    most = int(argv[2]) if len(argv) > 2 else 6
    passed = failed = skipped = 0
    with tempfile.TemporaryDirectory() as tmp:
        shim = f"{tmp}/failcall.so"
        source = os.path.join(os.path.dirname(__file__), "failcall.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, source, "-ldl"],
                       check=True)
        log = f"{tmp}/reached"
        for name, make, daemon in programs(build):
            for call, number in CALLS.items():
                for nth in range(1, most + 1):
                    port = free_port()
                    env = dict(os.environ, LD_PRELOAD=shim, FAIL_CALL=call,
                               FAIL_NTH=str(nth), FAIL_LOG=log,
                               FAIL_ERRNO=str(number))
                    rc, err = (run_daemon(make(port), port, env) if daemon
                               else run_program(make(port), env))
                    if not os.path.exists(log):
                        skipped += 1
                        break
                    os.unlink(log)
                    wrong = judge(rc, err)
                    passed += not wrong
                    failed += bool(wrong)
                    if wrong:
                        last = err.decode(errors="replace").strip()
                        print(f"{name}: {call} #{nth}: {wrong}: {last[-160:]}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
