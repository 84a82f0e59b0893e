#!/usr/bin/env python3
"""The runner against targets that do their worst, in both roles:

  hostile-targets.py BUILD [--whole] [--list] [NAME...]

Of each: it does not crash and no sanitizer speaks, it ends in time, its memory
is bounded (the private memory of all its processes, sampled, is printed), no
process of its is left, no case says that the suite itself is at fault, and the
exit code is the right one. --whole is all targets, and all cases; without it
some are judged by a few. Ends with "N passed, N failed".
"""
import argparse
import concurrent.futures
import contextlib
import copy
import json
import os
import re
import ssl
import subprocess
import sys
import tempfile
import threading
import time

import hostile_client
import hostile_server

HERE = os.path.dirname(os.path.abspath(__file__))
MB = 1 << 20
BOUND = 300 * MB        # of all processes of a run together
SANITIZED = 6           # times as much where shadow memory counts, and as long
MARKS = re.compile(rb"AddressSanitizer|LeakSanitizer|runtime error:|Assertion|stack smashing")
FEW = {"server": ["server/heart/**", "server/fin/closes-target", "server/fin/fifty-streams",
                  "server/alert/readable", "server/waste/many", "server/data/big-up"],
       "client": ["client/auth/one-record", "client/heart/answered", "client/heart/flood",
                  "client/data/frames-of-1", "client/alert/closes-session",
                  "client/fin/server-ends"]}
# The targets without --whole.
SOME = re.compile("|".join((
    "server/(tarpit|reset-at-once|plain-(endless|long-record)|handshake-endless|tls-(alert|warnings)"
    "|drip-handshake|waste-endless|flood-.*|later-drip|later-flood-ids|ids|huge-alert"
    "|half-record-reset|bad-record-12|renegotiates|resets)",
    "certificate/(expired|wrong-name|no-name|long-chain|stranger)", "sut/.*", "process/.*",
    "client/(mute|exits-when-asked|proxy-(floods|garbage)|plain-half-record|tls-warnings"
    "|auth-never-ends|later-(flood-(data|waste|heartbeats)|resets|ids|renegotiates|storm|drips))",
)))
UNUSABLE, UNTESTED, OURS, FAILED, FINE = {6}, {5}, {3}, {1}, {0}
# Reset at one of its answers, a server is one without heartbeats.
RESET = UNUSABLE | UNTESTED | FAILED | FINE


def server_wants():
    """name -> (exit codes, what stderr has to say)."""
    early = r"unusable: "
    out = {n: (UNUSABLE, early) for n, (_, well) in hostile_server.BEHAVIOURS.items() if not well}
    out.update({n: (FAILED, "") for n, (_, well) in hostile_server.BEHAVIOURS.items() if well})
    out["good"] = out["never-close"] = (FAILED | FINE, "")
    out["waste-endless"] = (UNUSABLE, "answered no settings")
    for n in ("data", "heartbeats", "ids"):
        out["flood-" + n] = (FAILED | FINE, "")
    out["plain-http"] = (UNUSABLE, "does not speak TLS")
    out["tls-alert"] = (UNUSABLE, "handshake")
    out["tarpit"] = (UNUSABLE, "handshake")
    return out


def client_wants():
    """The same; with "later-" it serves the sanity check well."""
    out = {n: (UNUSABLE, "unusable: ") for n in hostile_client.HOW}
    out.update({"later-" + n: (FAILED, "") for n in hostile_client.HOW})
    out["good"] = out.pop("later-good")
    # Not to be told from a machine that is too busy for it, unless it comes too late to reset.
    out["later-proxy-resets"] = (OURS | FAILED, "")
    return out


def runs(pid):
    """The program of a process, or None when it has ended."""
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/{pid}/exe")
    return None


def began(pid):
    """When a process began, in ticks: its id may be another's soon. None when it has ended."""
    with contextlib.suppress(OSError, IndexError):
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            return f.read().rpartition(")")[2].split()[19]
    return None


class Watch(threading.Thread):
    """Samples the memory of a process and all below it that run the same
    program; which they were is kept."""

    def __init__(self, pid, exe):
        super().__init__(daemon=True)
        self.root, self.exe = pid, os.path.realpath(exe)
        self.peak, self.seen, self.over = 0, set(), threading.Event()

    def run(self):
        while not self.over.wait(0.05):
            self.peak = max(self.peak, self.sample())

    def sample(self):
        total, level = 0, [self.root]
        while level:
            below = []
            for pid in level:
                with contextlib.suppress(OSError):
                    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
                        below += [int(c) for c in f.read().split()]
                    if runs(pid) != self.exe:
                        continue
                    self.seen.add((pid, began(pid)))
                    # What a child shares with its parent counts once.
                    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
                        total += 1024 * int(re.search(r"Pss_Anon:\s*(\d+)", f.read())[1])
            level = below
        return total

    def left(self):
        """Processes of the runner that still run; what was killed has a while to end."""
        for _ in range(50):
            left = [p for p, when in self.seen
                    if p != self.root and runs(p) == self.exe and began(p) == when]
            if not left:
                break
            time.sleep(0.1)
        return left


class Run:
    def __init__(self, cfg, argv, limit):
        self.limit = limit
        start = time.monotonic()
        with open(cfg.path("out"), "wb") as out, open(cfg.path("err"), "wb") as err:
            # A pipe that is read to its end: whoever holds it would be waited for.
            self.p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=err, cwd=cfg.folder)
            watch = Watch(self.p.pid, argv[0])
            watch.start()
            reader = threading.Thread(target=self.read, args=(out,), daemon=True)
            reader.start()
            try:
                self.code = self.p.wait(limit)
            except subprocess.TimeoutExpired:
                self.code = None
                self.p.kill()
                self.p.wait()
            self.seconds = time.monotonic() - start
            reader.join(5)
            self.piped = reader.is_alive()
        watch.over.set()
        watch.join()
        self.peak, self.left = watch.peak, watch.left()
        with open(cfg.path("err"), "rb") as f:
            self.err = f.read()
        self.count(cfg.path("out"))

    def read(self, out):
        while data := os.read(self.p.stdout.fileno(), 65536):
            out.write(data)

    def count(self, path):
        self.status, self.errors, self.broken, self.unexpected = {}, [], 0, []
        self.requests = 0       # of heartbeats, that a case says it was flooded with
        with open(path, encoding="utf-8", errors="strict") as f:
            for line in f:
                try:
                    e = json.loads(line)
                except ValueError:
                    self.broken += 1
                    continue
                if e.get("is_unexpected") or e.get("event") == "finding":
                    self.unexpected.append(f"{e.get('id')} {e.get('status')}: {e.get('actual')}")
                if e.get("event") != "test_end":
                    continue
                self.status[e["status"]] = self.status.get(e["status"], 0) + 1
                many = re.search(r"floods: .* with (\d+) heartbeat requests", e.get("actual") or "")
                self.requests = max(self.requests, int(many[1]) if many else 0)
                if e["status"] == "error":
                    self.errors.append(e)

    def wrong(self, want, says, bound):
        """What is not as it should be; None when all is."""
        if self.code is None:
            return f"it goes on after {self.limit:.0f} s"
        if self.code < 0 or MARKS.search(self.err):
            return f"exit {self.code}: {self.err[-300:]!r}"
        if self.code not in want:
            return (f"exit {self.code}, wanted {sorted(want)}: {self.err[-300:]!r} "
                    f"{self.unexpected[:2]}")
        if not re.search(says.encode(), self.err):
            return f"it does not say {says!r}: {self.err[-300:]!r}"
        given_up = want & OURS and self.status.get("blocked")
        if self.errors and self.code != 6 and not given_up:
            e = self.errors[0]
            return f"{len(self.errors)} errors of the suite: {e['id']}: {e.get('actual')}"
        if self.broken:
            return f"{self.broken} lines of the report are no JSON"
        if self.left:
            return f"processes {self.left} are left"
        if self.piped:
            return "somebody holds its standard output"
        if self.peak > bound:
            return f"{self.peak / MB:.0f} MB of memory"
        return None


def certificate(folder, name, *more, key="ec:P-256"):
    """Made by OpenSSL; the paths of certificate and key."""
    cert, out = os.path.join(folder, name + ".pem"), os.path.join(folder, name + "-key.pem")
    kind, _, size = key.partition(":")
    new = ["-newkey", "rsa:" + size] if kind == "rsa" else \
        ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:" + size]
    if not any(m == "-subj" for m in more):
        more += ("-subj", "/CN=localhost")
    subprocess.run(["openssl", "req", "-x509", "-nodes", *new, "-keyout", out, "-out", cert,
                    *(("-days", "30") if "-not_after" not in more else ()), *more],
                   check=True, capture_output=True)
    return cert, out


def expired(folder):
    """Made with "openssl ca", which older versions can date."""
    cert, key = certificate(folder, "young")
    csr = os.path.join(folder, "old.csr")
    with open(os.path.join(folder, "ca.cnf"), "w", encoding="ascii") as f:
        f.write("[ca]\ndefault_ca=x\n[x]\ndatabase=%s/index\nserial=%s/serial\n"
                "new_certs_dir=%s\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=optional\n"
                % (folder, folder, folder))
    for name, text in (("index", ""), ("serial", "01\n")):
        with open(os.path.join(folder, name), "w", encoding="ascii") as f:
            f.write(text)
    subprocess.run(["openssl", "req", "-new", "-key", key, "-out", csr, "-subj", "/CN=localhost"],
                   check=True, capture_output=True)
    old = os.path.join(folder, "old.pem")
    subprocess.run(["openssl", "ca", "-batch", "-config", os.path.join(folder, "ca.cnf"), "-selfsign",
                    "-keyfile", key, "-in", csr, "-out", old, "-notext", "-startdate",
                    "20010101000000Z", "-enddate", "20010201000000Z"],
                   check=True, capture_output=True)
    return old, key


def long_chain(folder, pair):
    """A hundred certificates behind the one that counts."""
    path = os.path.join(folder, "chain.pem")
    with open(pair[0], encoding="ascii") as f:
        one = f.read()
    with open(path, "w", encoding="ascii") as f:
        f.write(one * 101)
    return path, pair[1]


class Config:
    """What all scenarios need; a folder for each."""

    def __init__(self, a, folder):
        self.whole, self.top, self.folder = a.whole, folder, folder
        self.build = os.path.abspath(a.build)
        self.conform = os.path.join(self.build, "anytls-conform")
        self.slow = SANITIZED if "address" in os.path.basename(self.build) else 1
        self.cert = certificate(folder, "plain")

    def of(self, name):
        mine = copy.copy(self)
        mine.folder = os.path.join(self.top, name.replace("/", "-"))
        os.mkdir(mine.folder)
        return mine

    def path(self, name):
        return os.path.join(self.folder, name)

    def limit(self, seconds):
        """Longer where clocks are stretched: by sanitizers and by load."""
        load = os.getloadavg()[0] / (os.cpu_count() or 1)
        return seconds * min(self.slow, 3) * min(max(load / 8, 1), 3)

    def argv(self, role, *more, some=True):
        cases = FEW[role] if some and not self.whole else []
        # A program in Python takes a while to begin on a busy machine.
        patience = "500ms" if role == "server" and "--target" in more else "2s"
        return [self.conform] + (["client"] if role == "client" else []) + [
            "--password", "pw", "--format", "jsonl", "--timeout", patience, "--capture", "all",
            "-o", self.path("results"), *cases, *more]


def against_server(cfg, name):
    cert = cfg.cert
    old = ssl.TLSVersion.TLSv1_2 if name.endswith("-12") else None
    with hostile_server.Hostile(hostile_server.BEHAVIOURS[name.removesuffix("-12")], cert,
                                old) as s:
        return Run(cfg, cfg.argv("server", "--target", "127.0.0.1:%d" % s.port),
                   cfg.limit(120 if cfg.whole else 40))


def resets(cfg, _):
    """Each connection is reset after so many bytes, a run for each number."""
    peak, seconds, status = 0, 0, {}
    for position in range(0, 1600, 3 if cfg.whole else 133):
        with hostile_server.Hostile((hostile_server.reset_at(position), 0), cfg.cert) as s:
            run = Run(cfg, cfg.argv("server", "server/heart/answered", "--target",
                                    "127.0.0.1:%d" % s.port, some=False), cfg.limit(30))
        peak, seconds = max(peak, run.peak), seconds + run.seconds
        for k, n in run.status.items():
            status[k] = status.get(k, 0) + n
        if run.wrong(RESET, "", BOUND * cfg.slow):
            break
    run.peak, run.seconds, run.status = peak, seconds, status
    return run


def renegotiating(cfg, _):
    with hostile_server.Renegotiating(cfg.cert) as s:
        return Run(cfg, cfg.argv("server", "--target", "127.0.0.1:%d" % s.port), cfg.limit(40))


def one_case(cfg, cert, *more):
    """The reference server with CERT, and one case."""
    sut = f"'{cfg.build}/anytls-server' -l {{listen}} -p {{password}} --cert '{cert[0]}' " \
        f"--key '{cert[1]}' --log-level error"
    return Run(cfg, cfg.argv("server", "server/heart/answered", "--sut", sut, *more, some=False),
               cfg.limit(30))


CERTIFICATES = {
    # name: (how it is made, exit code with --ca that very file, why)
    "expired": (expired, 6, "expired"),
    "wrong-name": (lambda d: certificate(d, "other", "-subj", "/CN=other.example"), 6, "name|host"),
    "no-name": (lambda d: certificate(d, "none", "-subj", "/"), 6, "name|host"),
    "rsa-8192": (lambda d: certificate(d, "rsa", key="rsa:8192"), 0, ""),
    "long-chain": (lambda d: long_chain(d, certificate(d, "chained")), 0, ""),
    "stranger": (lambda d: certificate(d, "stranger"), 6, "self.signed|verify"),
}


def with_certificate(cfg, name):
    """Without --ca any will do; with it, what is wrong is said."""
    make, code, why = CERTIFICATES[name]
    pair = make(cfg.folder)
    run = one_case(cfg, pair)
    if run.wrong(FINE, "", BOUND * cfg.slow):
        return run, FINE, ""
    ca = cfg.cert[0] if name == "stranger" else pair[0]
    return one_case(cfg, pair, "--ca", ca, "--sni", "localhost"), {code}, why


def sut(cfg, how):
    """A server as a process."""
    cmd = f"'{sys.executable}' '{HERE}/hostile_server.py' {how} {{listen}} {{cert}} {{key}}"
    return Run(cfg, cfg.argv("server", "server/heart/answered", "--sut", cmd, "--ready-timeout",
                             "3s" if how == "no-port" else "10s", some=False), cfg.limit(30))


def client_program(cfg, how, *more, some=True):
    cmd = [sys.executable, os.path.join(HERE, "hostile_client.py"), how, "{socks}", "{server}",
           "{password}"]
    # By the processor time that Python takes to start the runner would choose eight.
    jobs = ["-j", "32"] if cfg.whole and some else []
    return Run(cfg, cfg.argv("client", *jobs, *more, "--", *cmd, some=some),
               cfg.limit(120 if cfg.whole else 40))


def process_client(cfg, how):
    ready = "3s" if how == "no-port" else "10s"
    return client_program(cfg, how, "client/heart/answered", "--ready-timeout", ready, some=False)


def settled(cfg, _):
    return client_program(cfg, "late", "client/heart/answered", "--settle", "1500ms", some=False)


def scenarios():
    """name -> (function of cfg and name, exit codes, what is said)."""
    out = {}
    wants = server_wants()
    for name in hostile_server.BEHAVIOURS:
        out["server/" + name] = (against_server, *wants[name])
    for name in ("good", "later-drip", "bad-record"):
        out[f"server/{name}-12"] = (against_server, *wants[name])
    out["server/resets"] = (resets, RESET, "")
    out["server/renegotiates"] = (renegotiating, UNUSABLE, "unusable: ")
    for name in CERTIFICATES:
        out["certificate/" + name] = (with_certificate, None, "")
    process = {"exits": (UNUSABLE, "exit|ended"), "exits-well": (UNUSABLE, "ended"),
               "no-port": (UNUSABLE, "did not accept within"), "stays": (FINE, ""),
               "forks": (FINE, ""), "prints": (FINE, "")}
    for name, (code, says) in process.items():
        out["sut/" + name] = (sut, code, says)
        out["process/" + name] = (process_client, code, says)
    out["process/late"] = (process_client, UNUSABLE, "see --settle")
    out["process/settled"] = (settled, FINE, "")
    for name, (code, says) in client_wants().items():
        out["client/" + name] = (client_program, code, says)
    return out


def judge(cfg, name, what):
    fn, code, says = what
    made = fn(cfg.of(name), name.partition("/")[2])
    run, code, says = made if isinstance(made, tuple) else (made, code, says)
    wrong = run.wrong(code, says, BOUND * cfg.slow)
    if not wrong and name == "server/flood-heartbeats" and not 5000 < run.requests < 20000:
        wrong = f"given up after {run.requests} heartbeat requests, not 5000"
    counts = " ".join(f"{n} {s}" for s, n in sorted(run.status.items())) or "no cases"
    print(f"{'FAIL' if wrong else 'ok  '} {name:<32} exit {run.code}  {run.seconds:5.1f} s "
          f"{run.peak / MB:6.1f} MB  {counts}{'  ' + wrong if wrong else ''}", flush=True)
    return wrong is None, run.peak


def main():
    p = argparse.ArgumentParser(description=__doc__, allow_abbrev=False,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("build")
    p.add_argument("names", nargs="*", metavar="NAME")
    p.add_argument("--whole", action="store_true")
    p.add_argument("--list", action="store_true")
    p.add_argument("-j", "--jobs", type=int, help="targets at a time (4; of all cases 2)")
    a = p.parse_intermixed_args()
    known = scenarios()
    chosen = {n: w for n, w in known.items()
              if any(re.fullmatch(x.replace("*", ".*"), n) for x in a.names)
              or not a.names and (a.whole or SOME.fullmatch(n))}
    if a.list:
        print("\n".join(known))
        return 0
    passed = failed = peak = 0
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        cfg = Config(a, folder)
        with concurrent.futures.ThreadPoolExecutor(
                a.jobs or (2 if a.whole else 4)) as pool:
            for ok, memory in pool.map(lambda n: judge(cfg, n, chosen[n]), chosen):
                passed, failed, peak = passed + ok, failed + (not ok), max(peak, memory)
    print(f"{len(chosen)} targets, {time.monotonic() - start:.0f} s; the most private memory of "
          f"a run was {peak / MB:.0f} MB (bound {BOUND * cfg.slow / MB:.0f} MB)")
    print(f"{passed} passed, {failed} failed")
    return failed != 0 or not passed


sys.exit(main())
