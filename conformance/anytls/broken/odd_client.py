#!/usr/bin/env python3
"""A client that the reference is not: several streams on a session at a time,
and two servers. With --fault it is a broken one.

odd_client.py -l HOST:PORT -s HOST:PORT [--second HOST:PORT] -p PASSWORD
              [--fault error-ends-all|shared-scheme]

Requests for "second.test" go to the second server. It pads only its first
packet, takes any certificate and never closes an idle session.
"""

import argparse
import hashlib
import os
import socket
import ssl
import struct
import sys
import threading

DEFAULT_MD5 = "75cff2ad89aadf5e257059ee571ebe11"
WASTE, SYN, PSH, FIN, SETTINGS, ALERT, UPDATE, SYNACK = range(8)
HEART_REQUEST, HEART_RESPONSE = 8, 9
MAGIC_SECOND = b"second.test"


def frame(cmd, sid, data=b""):
    return struct.pack(">BIH", cmd, sid, len(data)) + data


def read_exactly(sock, n):
    data = b""
    while len(data) < n:
        more = sock.recv(n - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def host_port(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


class Session:
    """One TLS connection; its streams have ids from 1."""

    def __init__(self, server):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.server, self.lock = server, threading.Lock()
        self.streams, self.last, self.alive = {}, 0, True
        self.tls = context.wrap_socket(socket.create_connection(server.at))
        digest = hashlib.sha256(server.args.password.encode()).digest()
        self.tls.sendall(digest + struct.pack(">H", 30) + bytes(30))

    def open(self, app, address):
        with self.lock:
            self.last += 1
            sid, first = self.last, self.last == 1
            self.streams[sid] = app
            data = frame(SYN, sid) + frame(PSH, sid, address)
            if first:
                text = f"v=2\nclient=odd/1\npadding-md5={self.server.md5}"
                data = frame(SETTINGS, 0, text.encode()) + data
                data += frame(WASTE, 0, bytes(max(300 - len(data), 0)))
            self.tls.sendall(data)
        if first:
            threading.Thread(target=self.hear, daemon=True).start()
        return sid

    def send(self, data):
        with self.lock:
            self.tls.sendall(data)

    def end_stream(self, sid):
        app = self.streams.pop(sid, None)
        if app is not None:
            hang_up(app)

    def hear(self):
        try:
            while True:
                cmd, sid, n = struct.unpack(">BIH", read_exactly(self.tls, 7))
                self.obey(cmd, sid, read_exactly(self.tls, n))
        except (EOFError, OSError):
            pass
        self.alive = False
        for sid in list(self.streams):
            self.end_stream(sid)
        self.tls.close()

    def obey(self, cmd, sid, data):
        fault = self.server.args.fault
        if cmd == PSH and sid in self.streams:
            self.streams[sid].sendall(data)
        elif cmd == FIN:
            self.end_stream(sid)
        elif cmd == SYNACK and data:
            every = list(self.streams) if fault == "error-ends-all" else [sid]
            for stream in every:
                self.end_stream(stream)
        elif cmd == UPDATE:
            self.server.update(hashlib.md5(data).hexdigest())
        elif cmd == HEART_REQUEST:
            self.send(frame(HEART_RESPONSE, sid))
        elif cmd == ALERT and data:
            print("alert:", data, file=sys.stderr, flush=True)
            raise EOFError


class Server:
    """What is known of one server."""

    def __init__(self, at, args, others):
        self.at, self.args, self.others = at, args, others
        self.md5, self.session = DEFAULT_MD5, None
        self.lock = threading.Lock()

    def update(self, md5):
        self.md5 = md5
        for other in self.others:
            if self.args.fault == "shared-scheme":
                other.md5 = md5

    def open(self, app, address):
        with self.lock:
            if self.session is None or not self.session.alive:
                self.session = Session(self)
            return self.session, self.session.open(app, address)


def hang_up(sock):
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def socks_address(app):
    """The target of a SOCKS5 CONNECT, as it stands in the request."""
    read_exactly(app, read_exactly(app, 2)[1])
    app.sendall(b"\x05\x00")
    head = read_exactly(app, 4)
    if head[1] != 1:
        app.sendall(b"\x05\x07\x00\x01" + bytes(6))
        raise EOFError
    if head[3] == 3:
        n = read_exactly(app, 1)
        return head[3:] + n + read_exactly(app, n[0] + 2)
    return head[3:] + read_exactly(app, {1: 6, 4: 18}[head[3]])


def relay(app, servers):
    session = sid = None
    try:
        address = socks_address(app)
        server = servers[1 if MAGIC_SECOND in address else 0]
        # Before the server can say anything on the stream.
        app.sendall(b"\x05\x00\x00\x01" + bytes(6))
        session, sid = server.open(app, address)
        while True:
            data = app.recv(16384)
            if not data:
                break
            session.send(frame(PSH, sid, data))
    except (EOFError, OSError, KeyError):
        pass
    if session is not None and session.streams.pop(sid, None) is not None:
        try:
            session.send(frame(FIN, sid))
        except OSError:
            pass
    app.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-l", dest="listen", type=host_port, required=True)
    parser.add_argument("-s", dest="server", type=host_port, required=True)
    parser.add_argument("--second", type=host_port)
    parser.add_argument("-p", dest="password", required=True)
    parser.add_argument("--fault",
                        choices=["none", "error-ends-all", "shared-scheme"])
    args = parser.parse_args()
    servers = []
    for at in (args.server, args.second or args.server):
        servers.append(Server(at, args, servers))
    listener = socket.create_server(args.listen)
    while True:
        app, _ = listener.accept()
        threading.Thread(target=relay, args=(app, servers),
                         daemon=True).start()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        os._exit(0)
