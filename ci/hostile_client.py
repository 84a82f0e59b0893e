#!/usr/bin/env python3
"""AnyTLS clients that do their worst: hostile_client.py HOW SOCKS SERVER
PASSWORD. See hostile-targets.py, which starts them by the suite."""
import contextlib
import os
import select
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

import hostile_process
from peer import (ALERT, FIN, HEART, HEARTBEAT, PSH, SERVER_SETTINGS, SETTINGS, SYN, SYNACK,
                  WASTE, auth, exactly, frame, socks_addr)

MAX_ID = 2**32 - 1
TEXT = b"v=2\nclient=hostile/1\npadding-md5=75cff2ad89aadf5e257059ee571ebe11"


def dial(server):
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ctx.check_hostname, ctx.verify_mode = False, ssl.CERT_NONE
    return ctx.wrap_socket(socket.create_connection(server, 5))


def asked(app):
    """The address that the application asks for."""
    exactly(app, exactly(app, 2)[1])
    app.sendall(b"\x05\x00")
    exactly(app, 3)
    kind = exactly(app, 1)[0]
    rest = exactly(app, 1) if kind == 3 else b""
    size = rest[0] if kind == 3 else 4 if kind == 1 else 16
    return bytes([kind]) + rest + exactly(app, size + 2)


GRANTED = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00"


def abort(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def deliver(s, app, buf):
    """The whole frames of BUF to the application; what is left."""
    while len(buf) >= 7:
        cmd, sid, n = struct.unpack(">BIH", buf[:7])
        if len(buf) < 7 + n:
            break
        if cmd == PSH:
            app.sendall(buf[7:7 + n])
        elif cmd == HEART:
            s.sendall(frame(HEARTBEAT, sid))
        elif cmd == FIN:
            app.close()
        buf = buf[7 + n:]
    return buf


def received(s):
    """What there is; None: nothing yet."""
    s.setblocking(False)
    try:
        return s.recv(65536)
    except ssl.SSLWantReadError:
        return None
    finally:
        s.setblocking(True)


def relay(s, app):
    """Both ways in one thread: the connections of Python's ssl are not for two."""
    buf = b""
    while True:
        ready = [s] if s.pending() else select.select([s, app], [], [])[0]
        if app in ready:
            data = app.recv(16384)
            if not data:
                return
            s.sendall(frame(PSH, 1, data))
        if s in ready:
            data = received(s)
            if data == b"":
                return
            buf = deliver(s, app, buf + (data or b""))


def good(app, me):
    """One session for each stream; no padding."""
    address = asked(app)
    s = dial(me.server)
    s.sendall(auth(me.password))
    s.sendall(frame(SETTINGS, 0, TEXT) + frame(SYN, 1) + frame(PSH, 1, address))
    app.sendall(GRANTED)
    relay(s, app)
    s.sendall(frame(FIN, 1))
    time.sleep(1)


def forever(s, data):
    while True:
        s.sendall(data)


def hold(s):
    while s.recv(65536):
        pass


def says(*frames, before=b"", again=False, sane=False):
    """Sends this as a session, once or for ever, and grants what was asked."""
    def serve(app, me):
        address = asked(app)
        s = dial(me.server)
        s.sendall(before or auth(me.password))
        if sane:
            s.sendall(frame(SETTINGS, 0, TEXT) + frame(SYN, 1) + frame(PSH, 1, address))
        app.sendall(GRANTED)
        data = b"".join(frames)
        if again:
            forever(s, data * max(1, 60000 // len(data)))
        s.sendall(data)
        hold(s)
    return serve


def tcp(fn):
    """Speaks to the server without TLS."""
    def serve(app, me):
        asked(app)
        app.sendall(GRANTED)
        fn(socket.create_connection(me.server, 5))
    return serve


def drip(s, data):
    for byte in data:
        s.sendall(bytes([byte]))
        time.sleep(1)


def drips(app, me):
    asked(app)
    s = dial(me.server)
    app.sendall(GRANTED)
    drip(s, auth(me.password) + frame(SETTINGS, 0, TEXT))


def reset_somewhere(app, me):
    """At a byte that is another in each case."""
    address = asked(app)
    s = dial(me.server)
    data = auth(me.password) + frame(SETTINGS, 0, TEXT) + frame(SYN, 1) + frame(PSH, 1, address)
    s.sendall(data[:os.getpid() * 7 % len(data)])
    time.sleep(0.02)
    abort(s)


def storm(app, me):
    """Three hundred sessions for one request."""
    asked(app)
    app.sendall(GRANTED)
    kept = []
    for _ in range(300):
        s = socket.create_connection(me.server, 5)
        s.sendall(b"\x16\x03\x01")
        kept.append(s)
    time.sleep(20)


def renegotiates(app, me):
    """OpenSSL's own client, TLS 1.2, told to negotiate again and again."""
    asked(app)
    app.sendall(GRANTED)
    p = subprocess.Popen(["openssl", "s_client", "-connect", "%s:%d" % me.server, "-tls1_2"],
                         stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
    try:
        while p.poll() is None:
            os.write(p.stdin.fileno(), b"R\n")
            time.sleep(0.02)
    finally:
        p.kill()
        p.wait()


def proxy_garbage(app, me):
    exactly(app, 3)
    app.sendall(b"\xff" * 100000)
    hold(app)


def proxy_drips(app, me):
    exactly(app, 3)
    drip(app, b"\x05\x00" + GRANTED)


def proxy_floods(app, me):
    forever(app, b"\x05\x00" + GRANTED + b"x" * 60000)


def ends(app, me):
    os._exit(3)


HOW = {
    "good": good,
    "mute": lambda app, me: time.sleep(60),
    "grants-only": lambda app, me: (asked(app), app.sendall(GRANTED), hold(app)),
    "proxy-closes": lambda app, me: None,
    "proxy-resets": lambda app, me: abort(app),
    "proxy-garbage": proxy_garbage,
    "proxy-drips": proxy_drips,
    "proxy-floods": proxy_floods,
    "exits-when-asked": ends,
    "plain-http": tcp(lambda s: (s.sendall(b"GET / HTTP/1.0\r\n\r\n"), hold(s))),
    "plain-endless": tcp(lambda s: forever(s, b"x" * 65536)),
    "plain-half-record": tcp(lambda s: (s.sendall(b"\x16\x03\x01\x02\x00\x01"), hold(s))),
    "tls-alert": tcp(lambda s: (s.sendall(b"\x15\x03\x03\x00\x02\x02\x28"), hold(s))),
    "tls-warnings": tcp(lambda s: (s.sendall(b"\x15\x03\x03\x00\x02\x01\x5a" * 20000), hold(s))),
    "drips": drips,
    "auth-wrong": says(b"x" * 60000, before=bytes(34)),
    "auth-never-ends": says(b"x", before=auth("x")[:32] + b"\xff\xff"),
    "flood-waste": says(frame(WASTE, 0, bytes(65535)), again=True, sane=True),
    "flood-empty": says(frame(WASTE), again=True, sane=True),
    "flood-data": says(frame(PSH, 1, bytes(65535)), again=True, sane=True),
    "flood-syn": says(*(frame(SYN, i) for i in range(2, 5000)), again=True, sane=True),
    "flood-heartbeats": says(frame(HEART, MAX_ID), again=True, sane=True),
    "flood-settings": says(frame(SETTINGS, 0, b"v=2\n" * 16000), again=True),
    "flood-unknown": says(*(frame(c, MAX_ID, b"%n") for c in range(11, 256)), again=True,
                          sane=True),
    "ids": says(*(frame(c, MAX_ID, b"\x00\xff%s") for c in range(256)), sane=True),
    "huge-alert": says(frame(ALERT, MAX_ID, b"%s\x1b[2J\n" * 9362), sane=True),
    "server-side": says(frame(SERVER_SETTINGS, 0, b"v=2"), frame(SYNACK, 1), sane=True),
    "resets": reset_somewhere,
    "storm": storm,
    "renegotiates": renegotiates,
}


class Me:
    def __init__(self, server, password):
        host, _, port = server.rpartition(":")
        self.server, self.password = (host.strip("[]"), int(port)), password


def guarded(fn, *args):
    with contextlib.suppress(Exception):
        fn(*args)


def main():
    how, socks, server, password = sys.argv[1:5]
    if how.startswith("later-"):        # well, until a case is judged
        sane = os.environ.get("ANYTLS_CASE", "suite/").startswith("suite/")
        how = "good" if sane else how[6:]
    me = Me(server, password)
    hostile_process.behave(how)
    host, _, port = socks.rpartition(":")
    listener = socket.create_server((host, int(port)), backlog=128)
    began = time.monotonic()
    serve = HOW.get(how, good)
    while True:
        app, _ = listener.accept()
        late = how == "late" and time.monotonic() < began + hostile_process.LATE
        now = HOW["grants-only"] if late else serve
        threading.Thread(target=lambda a=app, s=now: (guarded(s, a, me), a.close()),
                         daemon=True).start()


if __name__ == "__main__":
    main()
