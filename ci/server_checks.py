"""Checks of anytls-server: each function is one, its first line says of what."""
import concurrent.futures
import contextlib
import hashlib
import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time

import peer
from peer import LOOP, Daemon, Failed, Origin, Session, need, same, until

PW = "pass word-\u00e4\u00f6\u00fc"


# That stop; 1000 by night.
READERS = int(os.environ.get("CHECK_READERS", "150"))


class Skip(Exception):
    pass


class Env:
    """Where the programs and this run's files are."""

    def __init__(self, build, tmp):
        self.build, self.tmp = build, tmp
        self.n = 0

    def file(self, name, data):
        path = os.path.join(self.tmp, name)
        with open(path, "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        return path

    def path(self, name):
        return os.path.join(self.tmp, name)

    def cert(self, name="a", names="DNS:localhost,IP:127.0.0.1,IP:::1"):
        """Files of a new certificate and its key."""
        if not shutil.which("openssl"):
            raise Skip("no openssl program here")
        cert, key = self.path(name + ".crt"), self.path(name + ".key")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=" + name,
             "-addext", "subjectAltName=" + names],
            check=True, capture_output=True)
        return cert, key

    def server(self, *args, listen=(LOOP + ":0",), password=PW, **kw):
        argv = [os.path.join(self.build, "anytls-server")]
        for a in listen:
            argv += ["-l", a]
        if password:
            argv += ["-p", password]
        return Daemon(self.tmp, argv + list(args), n=len(listen), **kw)


def refused(addr, password):
    """The session ends without a frame."""
    with Session(addr, password) as c:
        try:
            c.frame()
        except (Failed, OSError):
            return
    raise Failed("a wrong password was let in")


def works(server, password=PW, **kw):
    with Origin(peer.echo) as o, Session(server.addr, password, **kw) as c:
        same(c.opened(1, o.addr).ask(1, b"hello" * 100), b"hello" * 100, "echo")


def tls_versions(e):
    """TLS 1.2 and TLS 1.3; TLS 1.1 is refused"""
    with e.server() as s:
        for v in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            tls = peer.tls_to(s.addr, version=v)
            same(tls.version(), v.name.replace("_", "."), "version")
            works(s, tls=tls)
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        ctx.check_hostname, ctx.verify_mode = False, ssl.CERT_NONE
        ctx.set_ciphers("ALL:@SECLEVEL=0")
        try:
            peer.tls_to(s.addr, ctx, version=ssl.TLSVersion.TLSv1_1).close()
        except (ssl.SSLError, OSError):
            return
        raise Failed("TLS 1.1 was accepted")


def tls_suites(e):
    """TLS 1.2 takes suites with forward secrecy and AEAD alone"""
    if not shutil.which("openssl"):
        raise Skip("no openssl program here")

    def agrees(*args):
        got = subprocess.run(
            ["openssl", "s_client", "-connect", "%s:%d" % s.addr, *args],
            stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=20)
        return re.search(rb"Cipher is (?!\(NONE\))", got.stdout)

    with e.server() as s:
        for name in ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"):
            need(agrees("-tls1_2", "-cipher", name), name + " is refused")
        need(agrees("-tls1_3"), "TLS 1.3 is refused")
        for name in ("kRSA", "AES128-SHA", "3DES", "ECDHE-ECDSA-AES128-SHA", "RC4", "NULL",
                     "aNULL", "PSK", "ECDHE-ECDSA-AES256-SHA384"):
            need(not agrees("-tls1_2", "-cipher", name + ":@SECLEVEL=0"), name + " is taken")
        for version in ("-tls1", "-tls1_1"):
            need(not agrees(version, "-cipher", "ALL:@SECLEVEL=0"), version + " is taken")
        works(s)


def unprivileged(e):
    """as nobody, without capabilities: it needs no privileges"""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        raise Skip("not root, or no setpriv")
    argv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs",
            "--bounding-set=-all", "--inh-caps=-all",
            os.path.join(e.build, "anytls-server"), "-l", LOOP + ":0", "-p", PW]
    with Daemon(e.tmp, argv) as s:
        works(s)
        status = s.proc("status").decode()
        for line in ("Uid:\t65534\t65534", "CapEff:\t0000000000000000",
                     "CapBnd:\t0000000000000000", "NoNewPrivs:\t1"):
            need(line in status, line + " is not so")


def passwords(e):
    """--password-file with several, beside -p: each is right, others are not"""
    words = ["first", "second with blanks ", "dritte-\u00e4", "4" * 300]
    name = e.file("passwords", "first\nsecond with blanks \r\n\ndritte-\u00e4\n" + "4" * 300)
    with e.server("--password-file", name) as s:
        for w in words + [PW]:
            works(s, w)
        for w in ("First", "second with blanks", "", "4" * 299, "first\n"):
            refused(s.addr, w)
    rc, out = peer.run([os.path.join(e.build, "anytls-server"), "-l", LOOP + ":0",
                        "--password-file", e.file("none", "\n\n")])
    same(rc, 2, "exit status with an empty file")
    need("password" in out, out)


def self_signed(e):
    """the certificate made at start is good for localhost and 127.0.0.1 only"""
    with e.server() as s:
        ca = ssl.create_default_context(cadata=ssl.get_server_certificate(s.addr))
        for name in ("localhost", "127.0.0.1", "::1"):
            peer.tls_to(s.addr, ca, name).close()
        try:
            peer.tls_to(s.addr, ca, "example.org").close()
        except ssl.SSLCertVerificationError:
            return
        raise Failed("it is good for example.org, too")


def cert_files(e):
    """--cert and --key; SIGHUP: new files, broken files, missing files"""
    cert, key = e.cert("reload")
    with e.server("--cert", cert, "--key", key, "--workers", "2") as s:
        first = ssl.get_server_certificate(s.addr)
        with open(cert, encoding="ascii") as f:
            same(first.strip(), f.read().strip(), "certificate")
        with Origin(peer.echo) as o, Session(s.addr, PW) as old:
            old.opened(1, o.addr)
            other, other_key = e.cert("other")
            os.replace(other, cert)
            os.replace(other_key, key)
            s.kill(signal.SIGHUP)
            s.logged("certificate reloaded")
            second = ssl.get_server_certificate(s.addr)
            need(second != first, "the certificate is still the old one")
            e.file("reload.crt", "no certificate\n")
            s.kill(signal.SIGHUP)
            s.logged("old certificate stays: .*reload.crt")
            os.unlink(cert)
            s.kill(signal.SIGHUP)
            s.logged("old certificate stays: .*No such file")
            same(ssl.get_server_certificate(s.addr), second, "after a bad reload")
            same(old.ask(1, b"still here"), b"still here", "a session from before")
        works(s)


def scheme_file(e):
    """--padding-scheme reaches a client byte by byte; the same scheme does not"""
    text = b"stop=3\n0=20-40\n1=100-200,c,300-400\n2=500-500"
    with e.server("--padding-scheme", e.file("scheme", text)) as s:
        with Session(s.addr, PW) as c, Origin(peer.echo) as o:
            same(c.open(1, o.addr).wait(peer.SCHEME), text, "scheme")
        with Session(s.addr, PW, md5=hashlib.md5(text).hexdigest()) as c, Origin(peer.echo) as o:
            c.opened(1, o.addr)
            need(peer.SCHEME not in [f[0] for f in c.seen], "an update that is not needed")


def scheme_broken(e):
    """a scheme file that is none is refused with line and reason"""
    for text, regex in (("stop=x\n1=5-5\n", r"line 1: .*stop.*no integer: .x"),
                        ("1=5-5\n2=9-9\n", r"line \d+: .*stop")):
        rc, out = peer.run([os.path.join(e.build, "anytls-server"), "-l", LOOP + ":0", "-p", "x",
                            "--padding-scheme", e.file("bad-scheme", text)])
        same(rc, 2, "exit status")
        need(re.search(regex, out), out)
    with e.server("--padding-scheme", e.file("odd-scheme", "stop=3\n1=9-5x\n2=7-7\n")) as s:
        s.logged(r"warn: .*odd-scheme line 2: .*9-5x")


def fallback(e):
    """--fallback: a web request gets the page; what was read is replayed"""
    got = []

    def keep(c):
        while data := c.recv(65536):
            got.append(data)
        c.sendall(b"bye")

    with Origin(peer.web) as o, e.server("--fallback", "%s:%d" % o.addr) as s:
        for request in (b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n"):
            with peer.tls_to(s.addr) as t:
                t.settimeout(5)
                t.sendall(request)
                answer = b""
                while more := t.recv(4096):
                    answer += more
                need(b"the page for " + request.split(b"\r\n")[0] in answer, answer)
        works(s)
    with Origin(keep) as o, e.server("--fallback", "%s:%d" % o.addr) as s:
        sent = os.urandom(50000)
        with peer.tls_to(s.addr) as t:
            for at in (0, 7, 31, 33, 100, 20000):
                t.sendall(sent[at:{0: 7, 7: 31, 31: 33, 33: 100, 100: 20000}.get(at, None)])
                time.sleep(0.05)
            until(lambda: len(b"".join(got)) >= len(sent), "the request at the fallback")
        same(b"".join(got), sent, "what the fallback got")


def auth_timeout(e):
    """--auth-timeout ends silence and drips, before and after the handshake"""
    with e.server("--auth-timeout", "600ms") as s:
        def silent_tcp():
            with socket.create_connection(s.addr) as c:
                return peer.ended(c)

        def silent_tls():
            with peer.tls_to(s.addr) as c:
                return peer.ended(c)

        def drip():
            with peer.tls_to(s.addr) as c:
                start = time.monotonic()
                try:
                    for byte in peer.auth(PW, 200)[:-1]:
                        c.sendall(bytes([byte]))
                        time.sleep(0.05)
                except OSError:
                    return time.monotonic() - start
            raise Failed("a drip of 10 s was accepted")

        with concurrent.futures.ThreadPoolExecutor() as pool:
            for took in [pool.submit(f) for f in (silent_tcp, silent_tls, drip)]:
                need(0.4 < took.result() < 7, "it took %.1f s" % took.result())
        works(s)


def idle_timeout(e):
    """--idle-timeout ends sessions without streams and quiet fallbacks, no others"""
    with e.server("--idle-timeout", "500ms") as s, Origin(peer.echo) as o:
        with Session(s.addr, PW) as idle, Session(s.addr, PW) as busy:
            idle.opened(1, o.addr).send(peer.FIN, 1)
            busy.opened(1, o.addr)
            took = peer.ended(idle.s)
            need(0.3 < took < 7, "it took %.1f s" % took)
            time.sleep(0.3)
            same(busy.ask(1, b"quiet"), b"quiet", "a session with a stream")
    with Origin(peer.sleep_unread) as o, e.server("--idle-timeout", "500ms", "--fallback",
                                                  "%s:%d" % o.addr) as s:
        with peer.tls_to(s.addr) as t:
            t.sendall(bytes(100))
            took = peer.ended(t)
            need(0.3 < took < 7, "a fallback took %.1f s" % took)


def max_streams(e):
    """--max-streams: one too many is refused, the others live on"""
    with e.server("--max-streams", "2") as s, Origin(peer.echo) as o, Session(s.addr, PW) as c:
        c.opened(1, o.addr).opened(2, o.addr)
        need(c.open(3, o.addr).wait(peer.SYNACK, 3), "SYNACK for the third has no error")
        same(c.ask(1, b"one"), b"one", "the first")
        same(c.ask(2, b"two"), b"two", "the second")
        c.send(peer.FIN, 1)
        c.opened(4, o.addr)


def max_sessions(e):
    """--max-sessions: new ones are shed, old ones live; then there is room"""
    with e.server("--max-sessions", "2", "--workers", "2") as s, Origin(peer.echo) as o:
        with Session(s.addr, PW) as a, Session(s.addr, PW) as b:
            a.opened(1, o.addr)
            b.opened(1, o.addr)
            try:
                with peer.tls_to(s.addr):
                    raise Failed("a third one was let in")
            except (ssl.SSLError, OSError):
                pass
            s.logged("too many sessions")
            same(a.ask(1, b"old"), b"old", "an old session")
        until(lambda: works(s) is None, "room for new ones")


def heartbeat(e):
    """--heartbeat: requests are sent; who never answers is dropped"""
    with e.server("--heartbeat", "300ms") as s, Origin(peer.echo) as o:
        with Session(s.addr, PW) as good, Session(s.addr, PW) as mute:
            mute.opened(1, o.addr)
            start = time.monotonic()
            took = []
            for _ in range(3):
                good.send(peer.HEARTBEAT, 0) if took else None
                good.wait(peer.HEART)
                took.append(time.monotonic() - start)
            good.send(peer.HEARTBEAT, 0)
            need(0.4 < took[2] - took[0] < 5, "requests at %s" % took)
            peer.ended(mute.s)
            same(good.opened(1, o.addr).ask(1, b"here"), b"here", "who answers")


def keylog(e):
    """--keylog and SSLKEYLOGFILE: labels of both versions, mode 600, appended"""
    for how in ("option", "environment"):
        name = e.path("keys-" + how)
        args = ["--keylog", name] if how == "option" else []
        env = {"SSLKEYLOGFILE": e.path("keys-environment")} if not args else {}
        with e.server(*args, env=env) as s:
            for v in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                works(s, tls=peer.tls_to(s.addr, version=v))
        with open(name, encoding="ascii") as f:
            lines = f.read().splitlines()
        same(os.stat(name).st_mode & 0o777, 0o600, "mode")
        for line in lines:
            need(re.fullmatch(r"[A-Z_0-9]+ [0-9a-f]{64} [0-9a-f]{64,96}", line), line)
        labels = {line.split()[0] for line in lines}
        need({"CLIENT_RANDOM", "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"} <= labels,
             str(labels))
    with e.server(env={"SSLKEYLOGFILE": ""}) as s:
        works(s)


def packets(sent, port):
    """A capture file of the (from server?, bytes) in SENT."""
    def packet(down, flags, data=b""):
        ends = (port, 40000) if down else (40000, port)
        tcp = struct.pack(">HHIIBBHHH", *ends, seq[down], seq[not down], 0x50, flags, 65535, 0, 0)
        seq[down] += len(data) + (flags & 2) // 2
        ip = struct.pack(">BBHHHBBHII", 0x45, 0, 40 + len(data), 0, 0, 64, 6, 0,
                         0x7f000001, 0x7f000001) + tcp + data
        out.append(struct.pack("<IIII", 1, len(out), len(ip), len(ip)) + ip)

    seq = {False: 1000, True: 2000}
    out = [struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101)]
    packet(False, 2)
    packet(True, 0x12)
    for down, data in sent:
        for at in range(0, len(data), 1400):
            packet(down, 0x18, data[at:at + 1400])
    return b"".join(out)


def keylog_decrypts(e):
    """tshark reads a session of each TLS version with the key log"""
    if not shutil.which("tshark"):
        raise Skip("no tshark program here")
    keys = e.path("keys")
    with e.server("--keylog", keys) as s:
        for v in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            sent = []

            def tap(c):
                with socket.create_connection(s.addr) as up:
                    pump = threading.Thread(target=one_way, args=(up, c, True), daemon=True)
                    pump.start()
                    one_way(c, up, False)
                    pump.join(5)

            def one_way(a, b, down):
                with contextlib.suppress(OSError):
                    while data := a.recv(65536):
                        sent.append((down, data))
                        b.sendall(data)
                    b.shutdown(socket.SHUT_WR)

            with Origin(tap) as t:
                works(s, tls=peer.tls_to(t.addr, version=v))
            capture = e.file("capture.pcap", packets(list(sent), s.port))
            out = subprocess.run(
                ["tshark", "-r", capture, "-o", "tls.keylog_file:" + keys, "-q",
                 "-d", "tcp.port==%d,tls" % s.port, "-z", "follow,tls,raw,0"],
                capture_output=True, check=True).stdout.decode().replace("\n", "").replace("\t", "")
            need(peer.auth(PW).hex() in out and (b"hello" * 10).hex() in out,
                 "%s: no plaintext in %.300s" % (v.name, out))


def log_levels(e):
    """--log-level: what each level says of a wrong password and a closed session"""
    for level, want in (("error", (False, False)), ("info", (True, False)),
                        ("debug", (True, True))):
        with e.server("--log-level", level) as s:
            refused(s.addr, "wrong")
            works(s)
            s.stop()
            same(("does not know the password" in s.log(), "connection over" in s.log()), want,
                 level)


def sigterm(e):
    """SIGTERM in the middle of transfers: exit 0 at once, peers see an end"""
    with e.server("--workers", "2") as s, Origin(peer.pour(None)) as o, Origin(peer.echo) as q:
        sessions = [Session(s.addr, PW) for _ in range(6)]
        for c in sessions[:3]:
            c.opened(1, o.addr).wait(peer.PSH, 1)
        for c in sessions[3:]:
            c.opened(1, q.addr)
        rc, took = s.stop()
        same(rc, 0, "exit status")
        need(took < 7, "it took %.1f s" % took)
        for c in sessions:
            peer.ended(c.s)
            c.s.close()


def two_families(e):
    """-l twice: IPv4 and IPv6, also towards the target"""
    if not peer.has_ipv6():
        raise Skip("no ::1 here")
    with e.server(listen=(LOOP + ":0", "[::1]:0")) as s, Origin(peer.echo, "::1") as o:
        for a in s.addrs:
            with Session(a, PW) as c:
                same(c.opened(1, o.addr).ask(1, b"six"), b"six", "echo through " + a[0])


def workers(e):
    """--workers 1 and 2, by the environment, too: all connections are served"""
    for env, args in (({}, ["--workers", "1"]), ({"ANYTLS_SERVER_WORKERS": "2"}, [])):
        with e.server(*args, env=env) as s:
            for _ in range(12):
                works(s)
            if os.path.isdir("/proc/self/task"):
                n = len(os.listdir("/proc/%d/task" % s.p.pid))
                need((n >= 2) == bool(env), "%d threads" % n)


def out_of_files(e):
    """without file descriptors: a line in the log, then it goes on"""
    with e.server("--workers", "1", "--max-sessions", "0", nofile=40) as s:
        held = [socket.create_connection(s.addr, 5) for _ in range(60)]
        s.logged(r"(error|warn): .*[Tt]oo many open files")
        time.sleep(0.5)
        lines = len(s.log().splitlines())
        need(lines < 30, "%d lines in the log" % lines)
        s.alive()
        for c in held:
            c.close()
        until(lambda: s.fds() < 25, "descriptors are given back")
        works(s)


def overload(e):
    """more connections than descriptors: new ones are shed, old sessions open streams"""
    with e.server("--workers", "1", nofile=80) as s, Origin(peer.echo) as o, \
            Session(s.addr, PW) as c, contextlib.ExitStack() as held:
        c.opened(1, o.addr)
        for _ in range(120):
            held.enter_context(socket.create_connection(s.addr, 5))
        s.logged("too many sessions: [0-9]+ connections were refused")
        for sid in range(2, 12):
            same(c.opened(sid, o.addr).ask(sid, b"new stream"), b"new stream", "a new stream")
        same(c.ask(1, b"old stream"), b"old stream", "the old stream")
        need(s.fds() < 70, "%d descriptors" % s.fds())


def strangers(e):
    """--max-strangers: who does not authenticate leaves room for those who did"""
    with e.server("--max-strangers", "3", "--workers", "1") as s, Origin(peer.echo) as o, \
            Session(s.addr, PW) as c, contextlib.ExitStack() as held:
        c.opened(1, o.addr)
        for _ in range(10):
            held.enter_context(socket.create_connection(s.addr, 5))
        s.logged("too many that have not authenticated")
        same(c.ask(1, b"known"), b"known", "who has authenticated")
        held.close()
        until(lambda: works(s) is None, "room for new ones")
        for _ in range(8):
            works(s)


def buffers(e):
    """--buffer-memory: many readers that stopped stay below it, others are served"""
    limit = max(8, READERS // 25)
    with e.server("--workers", "1", "--buffer-memory", str(limit)) as s, \
            Origin(peer.pour(None)) as source, Origin(peer.echo) as o, \
            Session(s.addr, PW) as c, contextlib.ExitStack() as held:
        c.opened(1, o.addr)
        for _ in range(READERS):
            c2 = held.enter_context(Session(s.addr, PW))
            c2.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            c2.open(1, source.addr)
        time.sleep(2)
        for _ in range(20):
            same(c.ask(1, b"neighbour" * 100), b"neighbour" * 100, "a reader that reads")
        rss = int(re.search(rb"VmHWM:\s+(\d+)", s.proc("status")).group(1)) / 1024
        need(rss < 12 + READERS * 20 / 1024 + 1.4 * limit, "%.0f MiB at most" % rss)
        need(rss > 8 + READERS * 14 / 1024 + limit / 2, "%.0f MiB: they did not stall" % rss)


def port_in_use(e):
    """a port that is taken is an error, with several workers, too"""
    with e.server() as s:
        for n in ("1", "2"):
            rc, out = peer.run([os.path.join(e.build, "anytls-server"), "-p", "x", "--workers", n,
                                "-l", "%s:%d" % s.addr])
            same(rc, 1, "exit status")
            need("in use" in out, out)


def secrets(e):
    """no password in the log of level debug or where ps looks"""
    word = "secret-%d" % os.getpid()
    with e.server("--log-level", "debug", password=word) as s:
        works(s, word)
        refused(s.addr, word + "x")
        need(word.encode() not in s.proc("cmdline"), "it is in /proc/PID/cmdline")
        s.stop()
        need(word not in s.log(), "it is in the log")


def forbid_private(e):
    """--forbid-private: loopback is refused as address and as name"""
    with e.server("--forbid-private") as s, Origin(peer.echo) as o, Session(s.addr, PW) as c:
        sid = 0
        for host in (LOOP, "localhost", "::1", "::ffff:127.0.0.1"):
            sid += 1
            text = c.open(sid, (host, o.port)).wait(peer.SYNACK, sid)
            need(b"not allowed" in text, "%s: %r" % (host, text))
        same(len(o.conns), 0, "connections to the target")


def resets(e):
    """resets by clients and targets in the middle of transfers leave nothing"""
    def reset(c):
        c.recv(1000)
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with e.server("--workers", "1") as s, Origin(peer.pour(None)) as o, \
            Origin(peer.sleep_unread) as stuck, Origin(reset) as r:
        works(s)
        time.sleep(0.1)
        before = s.fds()
        for _ in range(5):
            down, up = Session(s.addr, PW), Session(s.addr, PW)
            down.opened(1, o.addr).wait(peer.PSH, 1)
            up.opened(1, stuck.addr)
            for _ in range(20):
                up.send(peer.PSH, 1, bytes(60000))
            down.reset()
            up.reset()
            with Session(s.addr, PW) as c:
                c.opened(1, r.addr).send(peer.PSH, 1, bytes(60000))
                c.wait(peer.FIN, 1)
        for t in stuck.conns:
            t.close()
        until(lambda: s.fds() <= before, "%d descriptors become %d" % (s.fds(), before))
        s.alive()
        works(s)


def probed(port, target_port):
    """Whether the server's connections show a keepalive timer under a minute, and what ss printed."""
    got = subprocess.run(["ss", "-tnoH", "sport = :%d or dport = :%d" % (port, target_port)],
                         capture_output=True, check=True).stdout.decode()
    mine = [x for x in got.splitlines() if ":%d " % port in x.split("users")[0]]
    return any(re.search(r"timer:\(keepalive,([0-5]?\d|\d+\.\d+)(s|sec|ms)", x) for x in mine), got


def half_open(e):
    """connections are probed, so that hosts that went away are noticed"""
    if not shutil.which("ss"):
        raise Skip("no ss program here")
    with e.server() as s, Origin(peer.sleep_unread) as o, Session(s.addr, PW) as c:
        c.opened(1, o.addr)
        # The timer of unacknowledged bytes hides that of the probes for some milliseconds.
        until = time.monotonic() + 10
        while not (got := probed(s.port, o.port))[0]:
            need(time.monotonic() < until, got[1])
            time.sleep(0.1)


def stalled_target(e):
    """a target that takes nothing stops neither its neighbours nor heartbeats"""
    with e.server("--workers", "1", "--heartbeat", "250ms") as s, \
            Origin(peer.sleep_unread) as stuck, Origin(peer.echo) as o, \
            Session(s.addr, PW) as c:
        c.opened(1, stuck.addr).opened(2, o.addr)
        for _ in range(300):
            c.send(peer.PSH, 1, bytes(60000))
            c.send(peer.HEARTBEAT, 0)
        start = time.monotonic()
        c.send(peer.HEART, 0)
        same(c.ask(2, b"neighbour"), b"neighbour", "the neighbour")
        if (peer.HEARTBEAT, 0, b"") not in c.seen:
            c.wait(peer.HEARTBEAT)
        need(time.monotonic() - start < 7, "it took %.1f s" % (time.monotonic() - start))


CHECKS = [
    tls_versions, tls_suites, unprivileged, passwords, self_signed, cert_files, scheme_file,
    scheme_broken, fallback,
    auth_timeout, idle_timeout, max_streams, max_sessions, heartbeat, keylog,
    keylog_decrypts, log_levels, sigterm,
    two_families, workers, out_of_files, overload, strangers, buffers, port_in_use, secrets, forbid_private, resets, half_open,
    stalled_target,
]
