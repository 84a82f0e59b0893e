"""What the checks of the daemons are made of: programs started on ephemeral
ports, a small AnyTLS client, an AnyTLS server that does as told, and TCP
origins. All on loopback. Only processes started here are ended."""
import contextlib
import hashlib
import os
import re
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time

(WASTE, SYN, PSH, FIN, SETTINGS, ALERT, SCHEME, SYNACK, HEART, HEARTBEAT,
 SERVER_SETTINGS) = range(11)
LOOP = "127.0.0.1"


class Failed(Exception):
    pass


def need(truth, what):
    if not truth:
        raise Failed(what)


def same(got, want, what):
    need(got == want, "%s: got %.120r, wanted %.120r" % (what, got, want))


def until(fn, what, seconds=8.0):
    """Waits until FN says something true, and returns that."""
    end = time.monotonic() + seconds
    while True:
        got = fn()
        if got:
            return got
        need(time.monotonic() < end, "not within %g s: %s" % (seconds, what))
        time.sleep(0.02)


def exactly(s, n):
    data = b""
    while len(data) < n:
        more = s.recv(n - len(data))
        need(more, "the peer closed after %d of %d bytes" % (len(data), n))
        data += more
    return data


def ended(s, seconds=8.0):
    """Reads until the end of input; how long it took. A reset counts."""
    start = time.monotonic()
    s.settimeout(seconds)
    try:
        while s.recv(65536):
            pass
    except socket.timeout:
        raise Failed("still open after %g s" % seconds)
    except OSError:
        pass
    return time.monotonic() - start


class Daemon:
    """A program; N lines of "listening on" are awaited."""

    def __init__(self, tmp, argv, n=1, env=None, nofile=None):
        self.log_name = os.path.join(tmp, "log-%d-%d" % (os.getpid(), time.monotonic_ns()))
        env = {k: v for k, v in os.environ.items() if not k.startswith("ANYTLS_")} | (env or {})
        if nofile:
            argv = ["sh", "-c", "ulimit -n %s; exec \"$@\"" % nofile, "sh"] + argv
        with open(self.log_name, "wb") as log:
            self.p = subprocess.Popen(argv, stdout=log, stderr=log, env=env,
                                      stdin=subprocess.DEVNULL)
        listens = re.compile(r"^listening on (\S+)$", re.M)
        try:
            until(lambda: len(listens.findall(self.log())) >= n or self.p.poll() is not None,
                  "start of " + argv[0], 20)
        except BaseException:
            self.p.kill()
            self.p.wait()
            raise
        self.addrs = [a.rsplit(":", 1) for a in listens.findall(self.log())]
        if len(self.addrs) < n:
            self.p.wait()
            raise Failed("did not start: " + self.log().strip()[-200:])
        self.addrs = [(h.strip("[]"), int(p)) for h, p in self.addrs]
        self.addr = self.addrs[0]
        self.port = self.addr[1]

    def log(self):
        with open(self.log_name, encoding="utf-8", errors="replace") as f:
            return f.read()

    def logged(self, regex, seconds=8.0):
        return until(lambda: re.search(regex, self.log(), re.M), "log line " + regex, seconds)

    def alive(self):
        need(self.p.poll() is None, "it ended with %s: %s" % (self.p.poll(), self.log()[-200:]))

    def proc(self, what):
        with open("/proc/%d/%s" % (self.p.pid, what), "rb") as f:
            return f.read()

    def fds(self):
        return len(os.listdir("/proc/%d/fd" % self.p.pid))

    def kill(self, signo):
        self.p.send_signal(signo)

    def stop(self, signo=signal.SIGTERM, seconds=5.0):
        """Exit status and how long it took."""
        start = time.monotonic()
        if self.p.poll() is None:
            self.p.send_signal(signo)
        try:
            rc = self.p.wait(seconds)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()
            raise Failed("still there %g s after signal %d" % (seconds, signo))
        return rc, time.monotonic() - start

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None and self.p.poll() is None:
            same(self.stop()[0], 0, "exit status in the end")
        if self.p.poll() is None:
            self.p.kill()
        self.p.wait()
        if kind is None:
            found = re.search("Sanitizer: .*|.*runtime error: .*", self.log())
            need(not found, found and found.group())


def run(argv, env=None, seconds=10):
    """Exit status and output of a program that ends by itself."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("ANYTLS_")} | (env or {})
    got = subprocess.run(argv, env=env, timeout=seconds, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return got.returncode, got.stdout.decode("utf-8", "replace")


class Origin:
    """A TCP server; SERVE(socket) runs in a thread of its own per connection."""

    def __init__(self, serve, host=LOOP, port=0):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.s = socket.socket(family)
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.s.bind((host, port))
        self.s.listen(256)
        self.addr = (host, self.s.getsockname()[1])
        self.port = self.addr[1]
        self.serve = serve
        self.conns = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                c, _ = self.s.accept()
                self.conns.append(c)
                threading.Thread(target=self.one, args=(c,), daemon=True).start()

    def one(self, c):
        with contextlib.suppress(OSError, Failed), c:
            self.serve(c)

    def close(self):
        with contextlib.suppress(OSError):
            self.s.shutdown(socket.SHUT_RDWR)
        self.s.close()
        for c in self.conns:
            with contextlib.suppress(OSError):
                c.shutdown(socket.SHUT_RDWR)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def echo(c):
    while data := c.recv(65536):
        c.sendall(data)


def pour(total):
    """Sends TOTAL bytes (None: until nobody takes them), then closes."""
    def serve(c):
        left = total
        while left is None or left > 0:
            n = 65536 if left is None else min(left, 65536)
            c.sendall(b"\x5a" * n)
            left = None if left is None else left - n
    return serve


def sleep_unread(c):
    del c
    time.sleep(60)


def web(c):
    head = b""
    while b"\r\n\r\n" not in head:
        head += c.recv(4096) or b"\r\n\r\n"
    body = b"the page for " + head.split(b"\r\n")[0]
    c.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
              % (len(body), body))


def has_ipv6():
    """whether ::1 is an address of this machine"""
    with socket.socket(socket.AF_INET6) as s:
        try:
            s.bind(("::1", 0))
        except OSError:
            return False
    return True


def dead_port():
    with socket.socket() as s:
        s.bind((LOOP, 0))
        return s.getsockname()[1]


def socks_addr(host, port):
    for atyp, family in ((1, socket.AF_INET), (4, socket.AF_INET6)):
        with contextlib.suppress(OSError):
            return bytes([atyp]) + socket.inet_pton(family, host) + struct.pack(">H", port)
    return bytes([3, len(host)]) + host.encode() + struct.pack(">H", port)


def auth(password, padding=30):
    if isinstance(password, str):
        password = password.encode()
    return hashlib.sha256(password).digest() + struct.pack(">H", padding) + bytes(padding)


def frame(cmd, sid=0, data=b""):
    return struct.pack(">BIH", cmd, sid, len(data)) + data


def tls_to(addr, ctx=None, name=None, version=None):
    if ctx is None:
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        ctx.check_hostname = False
        ctx.verify_mode = ssl.CERT_NONE
    if version:
        ctx.minimum_version = ctx.maximum_version = version
    raw = socket.create_connection(addr, 5)
    try:
        return ctx.wrap_socket(raw, server_hostname=name)
    except BaseException:
        raw.close()
        raise


class Session:
    """An AnyTLS client; frames other than those asked for are dropped, but
    SEEN lists all."""

    def __init__(self, addr, password, md5="0" * 32, tls=None, v=2, start=True):
        self.s = tls or tls_to(addr)
        self.s.settimeout(8)
        self.buf = b""
        self.seen = []
        self.s.sendall(auth(password))
        if start:
            self.send(SETTINGS, 0, ("v=%d\nclient=check/1\npadding-md5=%s" % (v, md5)).encode())

    def send(self, cmd, sid=0, data=b""):
        self.s.sendall(frame(cmd, sid, data))

    def frame(self):
        while len(self.buf) < 7 or len(self.buf) < 7 + struct.unpack(">H", self.buf[5:7])[0]:
            more = self.s.recv(262144)
            need(more, "the server closed the session")
            self.buf += more
        cmd, sid, n = struct.unpack(">BIH", self.buf[:7])
        data, self.buf = self.buf[7:7 + n], self.buf[7 + n:]
        self.seen.append((cmd, sid, data if cmd != PSH else len(data)))
        return cmd, sid, data

    def wait(self, cmd, sid=None):
        while True:
            c, i, data = self.frame()
            if c == cmd and sid in (None, i):
                return data

    def open(self, sid, addr):
        self.send(SYN, sid)
        self.send(PSH, sid, socks_addr(*addr))
        return self

    def opened(self, sid, addr):
        same(self.open(sid, addr).wait(SYNACK, sid), b"", "SYNACK")
        return self

    def ask(self, sid, data):
        """Sends DATA and reads as much."""
        self.send(PSH, sid, data)
        got = b""
        while len(got) < len(data):
            got += self.wait(PSH, sid)
        return got

    def reset(self):
        """Ends it with a TCP reset."""
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.s.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.s.close()


class Server(Origin):
    """An AnyTLS server in a certificate of CERT and KEY that does what a
    subclass says. AUTHS holds the padding0 lengths, SETTINGS what clients
    said, NAMES their server_name."""

    def __init__(self, cert, key):
        self.ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ctx.load_cert_chain(cert, key)
        self.ctx.sni_callback = lambda s, name, c: self.names.append(name)
        self.auths, self.settings, self.names, self.got = [], [], [], []
        super().__init__(self.talk)

    def talk(self, raw):
        with self.ctx.wrap_socket(raw, server_side=True) as s:
            head = exactly(s, 34)
            padding = struct.unpack(">H", head[32:])[0]
            exactly(s, padding)
            self.auths.append(padding)
            while True:
                cmd, sid, n = struct.unpack(">BIH", exactly(s, 7))
                data = exactly(s, n)
                self.got.append((time.monotonic(), cmd, sid))
                if cmd == SETTINGS:
                    self.settings.append(data)
                self.on_frame(s, cmd, sid, data)

    def on_frame(self, s, cmd, sid, data):
        """A server of version 1 whose every target echoes."""
        if cmd == PSH and data[:1] not in (b"\x01", b"\x03", b"\x04"):
            s.sendall(frame(PSH, sid, data))

    def times(self, cmd):
        return [t for t, c, _ in self.got if c == cmd]
