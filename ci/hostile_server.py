"""AnyTLS servers that do their worst, each a function in BEHAVIOURS. The first
connections of a run are served well (a server that never serves is unusable,
and nothing is judged); how many, its wish says. See hostile-targets.py."""
import contextlib
import itertools
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

import hostile_process
from peer import (ALERT, FIN, HEART, HEARTBEAT, LOOP, PSH, SCHEME, SERVER_SETTINGS, SETTINGS,
                  SYN, SYNACK, WASTE, Failed, Origin, exactly, frame)

GOOD = 9       # connections: sanity and probes
MAX_ID = 2**32 - 1


class Tls:
    """TLS whose records can be sent by hand."""

    def __init__(self, sock, ctx):
        self.sock = sock
        self.inc, self.out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = ctx.wrap_bio(self.inc, self.out, server_side=True)
        self.put = sock.sendall         # the way out, which may be worse

    def need_more(self):
        data = self.sock.recv(65536)
        if not data:
            raise Failed("closed")
        self.inc.write(data)

    def handshake(self):
        while True:
            try:
                self.tls.do_handshake()
                self.put(self.out.read())
                return self
            except ssl.SSLWantReadError:
                if self.out.pending:
                    self.put(self.out.read())
                self.need_more()

    def recv(self, n):
        while True:
            try:
                return self.tls.read(n)
            except ssl.SSLWantReadError:
                if self.out.pending:
                    self.put(self.out.read())
                self.need_more()
            except ssl.SSLError as e:
                raise Failed(str(e)) from None

    def seal(self, data):
        """The records that carry DATA."""
        self.tls.write(data)
        return self.out.read()

    def sendall(self, data):
        self.put(self.seal(data))

    def frame(self):
        cmd, sid, n = struct.unpack(">BIH", exactly(self, 7))
        return cmd, sid, exactly(self, n)

    def login(self):
        exactly(self, struct.unpack(">H", exactly(self, 34)[32:])[0])
        return self


def good(t):
    """A server of version 2 whose streams all lead to an echo."""
    opened = {}
    while True:
        cmd, sid, data = t.frame()
        if cmd == SETTINGS:
            t.sendall(frame(SERVER_SETTINGS, 0, b"v=2"))
        elif cmd == HEART:
            t.sendall(frame(HEARTBEAT, sid))
        elif cmd == SYN:
            opened[sid] = False
        elif cmd == PSH and not opened.get(sid, True):
            opened[sid] = True
            t.sendall(frame(SYNACK, sid))
        elif cmd == PSH:
            t.sendall(frame(PSH, sid, data))


def abort(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def forever(t, data):
    """Reads nothing more; sends DATA until nobody takes it."""
    with contextlib.suppress(OSError):
        while True:
            t.sendall(data)


def hold(sock):
    """Open, and silent, until the peer leaves."""
    with contextlib.suppress(OSError):
        while sock.recv(65536):
            pass


def slowly(sock, seconds):
    def put(data):
        for byte in data:
            sock.sendall(bytes([byte]))
            time.sleep(seconds)
    return put


def drip_handshake(s):
    t = Tls(s.sock, s.ctx)
    t.put = slowly(s.sock, 1)
    good(t.handshake().login())


def drip(s):
    t = Tls(s.sock, s.ctx).handshake().login()
    t.put = slowly(s.sock, 1)
    good(t)


def after_login(fn):
    def serve(s):
        fn(Tls(s.sock, s.ctx).handshake().login(), s)
    return serve


def talk(*frames):
    """Says these over and over."""
    data = b"".join(frames) * max(1, 60000 // sum(map(len, frames)))
    return after_login(lambda t, s: forever(t, data))


def once(*frames):
    """Says these, then serves."""
    def serve(t, s):
        t.sendall(b"".join(frames))
        good(t)
    return after_login(serve)


def never_close(s):
    """Serves, and goes on serving whoever has said goodbye."""
    t = Tls(s.sock, s.ctx).handshake().login()
    while True:
        try:
            good(t)
        except (Failed, OSError):
            time.sleep(0.2)


def reset_at(position):
    """Resets when so many bytes of ciphertext have gone out."""
    def serve(s):
        left = [position]

        def put(data):
            s.sock.sendall(data[:left[0]])
            if len(data) >= left[0]:
                time.sleep(0.02)
                abort(s.sock)
                raise Failed("as planned")
            left[0] -= len(data)
        if position == 0:
            return abort(s.sock)
        t = Tls(s.sock, s.ctx)
        t.put = put
        return good(t.handshake().login())
    return serve


def half_record(end):
    def serve(t, s):
        record = t.seal(frame(SERVER_SETTINGS, 0, b"v=2"))
        s.sock.sendall(record[:len(record) // 2])
        end(s.sock)
    return after_login(serve)


def bad_record(t, s):
    record = bytearray(t.seal(frame(SERVER_SETTINGS, 0, b"v=2")))
    record[-1] ^= 1
    s.sock.sendall(record)
    hold(s.sock)


def raw(data, end=hold):
    """Speaks before or instead of TLS."""
    def serve(s):
        s.sock.recv(4096)
        s.sock.sendall(data)
        end(s.sock)
    return serve


def alert(level, what):
    return struct.pack(">BHHBB", 21, 0x303, 2, level, what)


def alert_inside(s):
    """An alert in plain text in an encrypted session."""
    t = Tls(s.sock, s.ctx).handshake().login()
    s.sock.sendall(alert(2, 80))
    hold(t.sock)


def many_tickets(s):
    """Handshake messages that never end, as ciphertext cannot be told apart."""
    s.sock.recv(4096)
    with contextlib.suppress(OSError):
        while True:
            s.sock.sendall(b"\x16\x03\x03\x40\x00" + b"\x02\x00\xff\xff" + bytes(16380))


def pad_down(s):
    """A thousand frames for each that is asked for."""
    t = Tls(s.sock, s.ctx).handshake().login()
    send = t.sendall
    t.sendall = lambda data: send(frame(WASTE, 0, bytes(9)) * 1000 + data)
    good(t)


# name: (function, connections that are served well before)
BEHAVIOURS = {
    "good": (once(), 0),
    "tarpit": (lambda s: hold(s.sock), 0),
    "close-at-once": (lambda s: s.sock.close(), 0),
    "reset-at-once": (lambda s: abort(s.sock), 0),
    "plain-http": (raw(b"HTTP/1.1 400 Bad Request\r\n\r\n"), 0),
    "plain-endless": (lambda s: forever(s.sock, b"x" * 65536), 0),
    "plain-half-record": (raw(b"\x16\x03\x03\x00\x7a\x02"), 0),
    "plain-long-record": (raw(b"\x16\x03\x03\xff\xff" + bytes(65535)), 0),
    "handshake-endless": (many_tickets, 0),
    "tls-alert": (raw(alert(2, 40)), 0),
    "tls-alert-unknown": (raw(alert(255, 255)), 0),
    "tls-warnings": (raw(alert(1, 90) * 20000), 0),
    "tls-alert-cut": (raw(alert(2, 40)[:-1]), 0),
    "drip-handshake": (drip_handshake, 0),
    "drip": (drip, 0),
    "waste-endless": (talk(frame(WASTE, 0, bytes(65535))), 0),
    "flood-data": (talk(frame(PSH, 1, bytes(65535))), 0),
    "flood-heartbeats": (talk(frame(HEART, 1)), 0),
    "flood-ids": (talk(*(frame(c, MAX_ID) for c in range(256))), 0),
    "later-waste-endless": (talk(frame(WASTE, 0, bytes(65535))), GOOD),
    "later-empty-endless": (talk(frame(WASTE)), GOOD),
    "later-drip": (drip, GOOD),
    "later-tarpit": (lambda s: hold(s.sock), GOOD),
    "later-flood-data": (talk(frame(PSH, 1, bytes(65535))), GOOD),
    "later-flood-heartbeats": (talk(frame(HEART, 1)), GOOD),
    "later-flood-ids": (talk(*(frame(c, MAX_ID) for c in range(256))), GOOD),
    "later-flood-alerts": (talk(frame(ALERT, MAX_ID, b"\xff" * 65535)), GOOD),
    "later-flood-settings": (talk(frame(SERVER_SETTINGS, 0, b"v=2\n" * 16000)), GOOD),
    "later-flood-schemes": (talk(frame(SCHEME, 0, b"stop=9\n" * 9000)), GOOD),
    "ids": (once(*(frame(c, MAX_ID, b"\x00\xff%n%s") for c in (PSH, FIN, SYNACK, HEARTBEAT))),
            GOOD),
    "huge-alert": (once(frame(ALERT, MAX_ID, b"%s\x1b[2J\n" * 9362)), GOOD),
    "never-close": (never_close, 0),
    "pad-down": (pad_down, GOOD),
    "half-record": (half_record(hold), GOOD),
    "half-record-close": (half_record(lambda c: c.close()), GOOD),
    "half-record-reset": (half_record(abort), GOOD),
    "bad-record": (after_login(bad_record), GOOD),
    "alert-inside": (alert_inside, GOOD),
}


class One:
    """A connection, as behaviours see it."""

    def __init__(self, sock, ctx):
        self.sock, self.ctx = sock, ctx


class Hostile(Origin):
    """A server of a behaviour, on a port of its own."""

    def __init__(self, behaviour, cert, version=None, port=0):
        behave, well = behaviour
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ctx.load_cert_chain(*cert)
        if version:
            ctx.maximum_version = version
        served = itertools.count()
        lock = threading.Lock()

        def serve(c):
            with lock:
                n = next(served)
            one = One(c, ctx)
            try:
                (behave if n >= well else BEHAVIOURS["good"][0])(one)
            except (ssl.SSLError, MemoryError, ValueError):
                pass
        super().__init__(serve, port=port)


class Renegotiating:
    """OpenSSL's own server, TLS 1.2, told to negotiate again and again; what it
    prints is thrown away."""

    def __init__(self, cert):
        with socket.socket() as s:
            s.bind((LOOP, 0))
            self.port = s.getsockname()[1]
        self.p = subprocess.Popen(
            ["openssl", "s_server", "-accept", f"{LOOP}:{self.port}", "-tls1_2", "-cert", cert[0],
             "-key", cert[1], "-legacy_renegotiation"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        threading.Thread(target=self.ask, daemon=True).start()
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                socket.create_connection((LOOP, self.port), 1).close()
                return
            time.sleep(0.05)

    def ask(self):
        with contextlib.suppress(OSError):
            while self.p.poll() is None:
                os.write(self.p.stdin.fileno(), b"r\n")
                time.sleep(0.02)
                os.write(self.p.stdin.fileno(), b"R\n")
                time.sleep(0.02)

    def close(self):
        self.p.kill()
        self.p.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def main():
    """hostile_server.py HOW ADDR:PORT CERT KEY: for --sut."""
    how, listen, cert, key = sys.argv[1:5]
    hostile_process.behave(how)
    with Hostile(BEHAVIOURS["good"], (cert, key),
                 port=int(listen.rpartition(":")[2])):
        time.sleep(600)


if __name__ == "__main__":
    main()
