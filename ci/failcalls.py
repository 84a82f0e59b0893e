#!/usr/bin/env python3
"""Allocations and system calls that fail, one by one, in daemons and runner.

failcalls.py BUILD [--few] [--program NAME] [--call NAME] [--nth N]

Each program runs once for each call of each function, that call failing: the
server and the client start, relay TCP and UDP until that works, and are told to
end; the runner judges the reference by one case, and reads a capture. Wanted: no
crash and no hang; what ends by itself says why, with the right exit code; what
lives on works; and the runner never blames its target. Allocations that
libraries ask for are sampled, those of the program are all taken. --few takes
samples of everything. Ends with "N passed, N failed".
"""
import argparse
import concurrent.futures
import contextlib
import errno
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import xml.dom.minidom
import xml.parsers.expat

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
import peer  # noqa: E402
import udp  # noqa: E402

# What fails, as what, in whose calls.
CALLS = [(name, getattr(errno, why), "program") for name, why in (
    ("allocation", "ENOMEM"), ("socket", "EMFILE"), ("bind", "ENOBUFS"),
    ("listen", "ENOBUFS"), ("accept", "EMFILE"), ("accept4", "EMFILE"),
    ("connect", "ENOBUFS"), ("setsockopt", "ENOBUFS"), ("getsockopt", "ENOBUFS"),
    ("getsockname", "ENOBUFS"), ("getpeername", "ENOTCONN"), ("shutdown", "ENOTCONN"),
    ("read", "ENOMEM"), ("write", "ENOBUFS"), ("writev", "ENOBUFS"), ("send", "ENOBUFS"),
    ("recv", "ENOMEM"), ("sendto", "ENOBUFS"), ("recvfrom", "ENOMEM"),
    ("sendmsg", "ENOBUFS"), ("recvmsg", "ENOMEM"), ("pipe", "EMFILE"),
    ("fork", "EAGAIN"), ("poll", "ENOMEM"), ("fopen", "EMFILE"), ("fdopen", "ENOMEM"),
    ("fclose", "ENOSPC"), ("rename", "EIO"),
    ("mkdir", "ENOSPC"), ("mkstemp", "ENOSPC"), ("dup2", "EMFILE"), ("mmap", "ENOMEM"),
    ("waitpid", "EINTR"), ("getaddrinfo", "ENOMEM"), ("pthread_create", "EAGAIN"))]
CALLS += [(name, getattr(errno, why), "library") for name, why in (
    ("allocation", "ENOMEM"), ("epoll_create1", "EMFILE"), ("eventfd", "EMFILE"),
    ("read", "ENOMEM"), ("write", "ENOBUFS"), ("recv", "ENOMEM"), ("send", "ENOBUFS"),
    ("getaddrinfo", "ENOMEM"), ("pthread_create", "EAGAIN"), ("socket", "EMFILE"))]
# What others do about it and we cannot help: libuv knows no other answer than
# abort(), and OpenSSL takes a lock that it could not make.
ALIEN = {"libuv's abort()": re.compile(r"crash abort .*libuv", re.S),
         "OpenSSL's lock": re.compile(r"crash CRYPTO_THREAD_(read|write)_lock ")}
MOST = 20000
PASSWORD = "failing"


class Echo:
    """TCP and UDP at one port of loopback, all of which comes back."""

    def __init__(self):
        self.tcp = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.port = self.tcp.getsockname()[1]
        self.udp.bind(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, daemon=True).start()
        threading.Thread(target=self.datagrams, daemon=True).start()

    def accept(self):
        while True:
            threading.Thread(target=self.relay, args=(self.tcp.accept()[0],), daemon=True).start()

    @staticmethod
    def relay(s):
        with contextlib.suppress(OSError), s:
            s.settimeout(20)
            while data := s.recv(65536):
                s.sendall(data)

    def datagrams(self):
        while True:
            data, at = self.udp.recvfrom(65536)
            self.udp.sendto(data, at)


def relays(proxy, port, seconds):
    """Does TCP come back? True, or why not; it must end in time, however."""
    start = time.monotonic()
    try:
        with socket.create_connection(("127.0.0.1", proxy), seconds) as s:
            s.settimeout(seconds)
            s.sendall(b"\x05\x01\x00")
            peer.exactly(s, 2)
            s.sendall(b"\x05\x01\x00\x01\x7f\x00\x00\x01" + struct.pack(">H", port))
            peer.same(peer.exactly(s, 10)[1], 0, "SOCKS reply")
            s.sendall(b"x" * 40000)
            peer.same(peer.exactly(s, 40000), b"x" * 40000, "echo")
            s.shutdown(socket.SHUT_WR)
            peer.same(s.recv(1), b"", "end")
        return True
    except (OSError, peer.Failed) as e:
        took = time.monotonic() - start
        return "hangs" if took >= seconds else f"{e}"


def datagram(proxy, port):
    """One there and back; None when it is lost, which datagrams may be."""
    with contextlib.suppress(OSError, SystemExit, KeyError):
        tcp, to, family = udp.associate(("127.0.0.1", proxy))
        with tcp, socket.socket(family, socket.SOCK_DGRAM) as out:
            out.settimeout(0.5)
            out.sendto(b"\0\0\0" + udp.socks_addr("127.0.0.1", port) + b"ping", to)
            return out.recv(100).endswith(b"ping")
    return None


class Fault:
    """The NTH call of CALL fails."""

    def __init__(self, run, call, nth):
        self.name, number, self.whose = call
        self.log = run.path(f"{run.number()}-reached")
        self.env = {"LD_PRELOAD": run.shim, "FAIL_CALL": self.name, "FAIL_NTH": str(nth),
                    "FAIL_LOG": self.log, "FAIL_ERRNO": str(number), "FAIL_FROM": self.whose}

    def reached(self):
        """By whose call, and the way to a crash; or ""."""
        with contextlib.suppress(OSError), open(self.log, encoding="ascii") as f:
            return f.read()
        return ""


def bad_end(rc, said, right):
    """What is wrong with an end that nobody asked for, or ""."""
    if rc < 0:
        return f"killed by signal {-rc}"
    if rc not in right:
        return f"exit {rc}"
    return "" if rc == 0 or said.strip() else f"exit {rc} without a sentence"


def start(run, argv, fault=None):
    return peer.Daemon(run.tmp, argv, env=fault.env if fault else None)


def work(run, proxy, watched):
    """Until both TCP and UDP are relayed or the watched one has ended."""
    why = "no request"
    for _ in range(5):
        why = relays(proxy, run.echo.port, 8)
        if why == "hangs":
            return "a request hangs"
        if watched.p.poll() is not None:
            return ""
        if why is True and datagram(proxy, run.echo.port):
            return ""
    return f"does not work any more: {why if why is not True else 'UDP'}"


def judge_daemon(run, d, proxy):
    wrong = work(run, proxy, d)
    early = d.p.poll()
    if early is not None:
        return bad_end(early, d.log().replace("listening on", ""), (1, 2))
    try:
        rc, _ = d.stop(signal.SIGTERM, 10)
    except peer.Failed as e:
        return str(e)
    return wrong or ("" if rc in (0, -signal.SIGTERM) else f"exit {rc} after SIGTERM")


def started(run, argv, fault):
    """The daemon, or what is wrong with its end."""
    try:
        return start(run, argv, fault), ""
    except peer.Failed as e:
        said = str(e)
    # Again, for its exit code.
    try:
        p = subprocess.run(argv, env=dict(os.environ, **fault.env), stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=5,
                           check=False)
    except subprocess.TimeoutExpired:
        return None, "it ends at one time and not at another: " + said
    return None, bad_end(p.returncode, p.stdout.decode(errors="replace"), (1, 2)) or (
        "" if "did not start" in said else said)


def server(run, fault):
    argv = [run.program("server"), "-l", "127.0.0.1:0", "-p", PASSWORD, "--workers", "2"]
    d, wrong = started(run, argv, fault)
    if d is None:
        return wrong
    try:
        with start(run, run.client(d.port)) as c:
            wrong = judge_daemon(run, d, c.port)
    finally:
        end(d)
    return wrong


def client(run, fault):
    d, wrong = started(run, run.client(run.server.port), fault)
    if d is None:
        return wrong
    try:
        return judge_daemon(run, d, d.port)
    finally:
        end(d)


def end(d):
    if d.p.poll() is None:
        d.p.kill()
    d.p.wait()


def bad_reports(folder):
    """A run that says it went well has written all it should."""
    with contextlib.suppress(OSError, ValueError, KeyError, IndexError,
                             xml.parsers.expat.ExpatError):
        with open(os.path.join(folder, "results.json"), encoding="utf-8") as f:
            tests = json.load(f)["tests"]
        xml.dom.minidom.parse(os.path.join(folder, "junit.xml"))
        with open(os.path.join(folder, "report.html"), encoding="utf-8") as f:
            page = f.read()
        if tests[0]["status"] == "pass" and tests[0]["transcript"] and page.endswith("</html>\n"):
            return ""
    return "exit 0, but its reports are not whole"


def judged(run, fault, words, right):
    """One run of the runner."""
    out = run.path(f"{run.number()}-out")
    argv = [run.program("conform")] + [w.replace("{out}", out) for w in words]
    try:
        p = subprocess.run(argv, env=dict(os.environ, **fault.env), stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=40,
                           check=False)
    except subprocess.TimeoutExpired:
        return "does not end"
    said = p.stdout.decode(errors="replace")
    wrong = bad_end(p.returncode, said, right)
    if not wrong and p.returncode == 0 and "{out}" in words:
        wrong = bad_reports(out)
    if not wrong and p.returncode and not fault.reached():
        wrong = f"exit {p.returncode}"
    return wrong and f"{wrong}: {said.strip()[-300:]}"


def conform(run, fault):
    """Never 1: nothing is wrong with the reference."""
    return judged(run, fault, [
        "--target", f"127.0.0.1:{run.server.port}", "--password", PASSWORD, "--timeout", "2s",
        "--deadline", "20s", "-o", "{out}", "--capture", "all", "server/heart/answered"],
        (0, 3, 6))


def conform_client(run, fault):
    unset = ["env", "-u", "LD_PRELOAD"]
    return judged(run, fault, [
        "client", "--timeout", "2s", "--deadline", "20s", "--password", PASSWORD, "-o", "{out}",
        "client/heart/answered", "--", *unset, run.program("client"), "-l", "{socks}", "-s",
        "{server}", "-p", "{password}", "--insecure", "--log-level", "error"], (0, 3, 6))


def capture(run, fault):
    """4: libpcap does not tell what it cannot read from what it cannot keep."""
    return judged(run, fault, ["check-pcap", run.sample], (0, 3, 4))


PROGRAMS = {"server": server, "client": client, "conform": conform,
            "conform-client": conform_client, "check-pcap": capture}


class Run:
    """What all share."""

    def __init__(self, build, tmp):
        self.build, self.tmp = os.path.abspath(build), tmp
        self.lock, self.count = threading.Lock(), 0
        self.shim = self.path("failcall.so")
        here = os.path.dirname(os.path.abspath(__file__))
        subprocess.run(["cc", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", self.shim,
                        os.path.join(here, "failcall.c"), "-ldl"], check=True)
        self.sample = os.path.join(here, "..", "pcap", "samples", "udp-packet.pcapng")
        self.echo = Echo()
        self.server = start(self, [self.program("server"), "-l", "127.0.0.1:0", "-p", PASSWORD])

    def path(self, name):
        return os.path.join(self.tmp, name)

    def program(self, name):
        return os.path.join(self.build, "anytls-" + name)

    def client(self, port):
        return [self.program("client"), "-l", "127.0.0.1:0", "-s", f"127.0.0.1:{port}", "-p",
                PASSWORD, "--insecure"]

    def number(self):
        with self.lock:
            self.count += 1
            return self.count


def numbers(whose, few):
    """Which calls fail: all, or ever fewer the later they come."""
    nth = 1
    while nth < MOST:
        yield nth
        if few:
            nth *= 4
        else:
            nth += 1 if whose == "program" else 1 + nth // 25


def series(run, program, call, args):
    """All calls of one function: lines of what is wrong, and how many ran."""
    ran, excused, wrong = 0, {}, []
    for nth in [args.nth] if args.nth else numbers(call[2], args.few):
        fault = Fault(run, call, nth)
        try:
            why = PROGRAMS[program](run, fault)
        except peer.Failed as e:
            why = str(e)
        way = fault.reached()
        if not way:
            if why:
                wrong.append(f"{program}: without a fault: {why}")
            break
        ran += 1
        alien = next((a for a, r in ALIEN.items() if r.search(way)), None)
        if alien and "killed by signal" in why:
            excused[alien] = excused.get(alien, 0) + 1
        elif why:
            wrong.append(f"{program}: {call[0]} #{nth} ({call[2]}): {why} "
                         + ", ".join(re.findall("crash (.*)", way)[1:6]))
    return ran, excused, wrong


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    p.add_argument("build")
    p.add_argument("--few", action="store_true")
    p.add_argument("--program", choices=PROGRAMS)
    p.add_argument("--call")
    p.add_argument("--nth", type=int)
    p.add_argument("-j", "--jobs", type=int, default=6)
    args = p.parse_args()
    todo = [(program, call) for call in CALLS for program in PROGRAMS
            if args.program in (None, program) and args.call in (None, call[0])]
    passed = failed = 0
    with tempfile.TemporaryDirectory() as tmp:
        run = Run(args.build, tmp)
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            for (program, call), (ran, excused, wrong) in zip(todo, pool.map(
                    lambda t: series(run, *t, args), todo)):
                passed, failed = passed + ran - len(wrong), failed + len(wrong)
                if ran or wrong:
                    more = "".join(f", {n} times {a}" for a, n in excused.items())
                    print(f"{program}: {call[0]} ({call[2]}): {ran} failed, {len(wrong)} "
                          f"wrong{more}", flush=True)
                print("\n".join(wrong), end="\n" if wrong else "", flush=True)
        run.server.stop()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
