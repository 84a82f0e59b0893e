#!/usr/bin/env python3
"""UDP helpers of the end-to-end tests, on loopback only.

  udp.py echo                   echoes datagrams that come to 127.0.0.1 and, at
                                the same port, to ::1; prints the port
  udp.py ask PROXY DEST SIZE... sends random datagrams of these sizes to DEST
                                through the SOCKS5 proxy's UDP ASSOCIATE and
                                compares what comes back
"""
import errno
import os
import select
import socket
import struct
import sys


def loopback_pair():
    """Sockets of one port on 127.0.0.1 and, where there is IPv6, on ::1: which
    of the two "localhost" means is up to the system."""
    for _ in range(20):
        four = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        four.bind(("127.0.0.1", 0))
        six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        try:
            six.bind(("::1", four.getsockname()[1]))
            return [four, six]
        except OSError as e:
            six.close()
            if e.errno != errno.EADDRINUSE:
                return [four]
            four.close()
    raise SystemExit("udp: no port is free on both 127.0.0.1 and ::1")


def echo():
    socks = loopback_pair()
    print(socks[0].getsockname()[1], flush=True)
    while True:
        for s in select.select(socks, [], [])[0]:
            data, peer = s.recvfrom(65536)
            s.sendto(data, peer)


def hostport(text):
    host, port = text.rsplit(":", 1)
    return host.strip("[]"), int(port)


def socks_addr(host, port):
    for atyp, family in ((1, socket.AF_INET), (4, socket.AF_INET6)):
        try:
            return bytes([atyp]) + socket.inet_pton(family, host) + struct.pack(">H", port)
        except OSError:
            pass
    return bytes([3, len(host)]) + host.encode() + struct.pack(">H", port)


def exactly(s, n):
    data = b""
    while len(data) < n:
        more = s.recv(n - len(data))
        if not more:
            raise SystemExit("udp: the proxy closed the connection")
        data += more
    return data


def associate(proxy):
    s = socket.create_connection(proxy, 5)
    s.sendall(b"\x05\x01\x00")
    if exactly(s, 2) != b"\x05\x00":
        raise SystemExit("udp: the proxy wants authentication")
    s.sendall(b"\x05\x03\x00" + socks_addr("0.0.0.0", 0))
    head = exactly(s, 4)
    if head[1] != 0:
        raise SystemExit("udp: UDP ASSOCIATE refused with code %d" % head[1])
    size = {1: 4, 4: 16}[head[3]]
    family = {1: socket.AF_INET, 4: socket.AF_INET6}[head[3]]
    host = socket.inet_ntop(family, exactly(s, size))
    port = struct.unpack(">H", exactly(s, 2))[0]
    if host in ("0.0.0.0", "::"):
        host = proxy[0]
    return s, (host, port), family


def ask(proxy, dests, sizes):
    control, relay, family = associate(proxy)
    u = socket.socket(family, socket.SOCK_DGRAM)
    u.settimeout(5)
    done = 0
    for dest in dests:
        head = b"\0\0\0" + socks_addr(*dest)
        for size in sizes:
            want = os.urandom(size)
            u.sendto(head + want, relay)
            got, _ = u.recvfrom(65536)
            if got[-size:] != want and size or len(got) < size + 10:
                raise SystemExit("udp: %d bytes to %s came back altered" % (size, dest))
            done += 1
    control.close()
    print("%d datagrams came back whole" % done)


def main(argv):
    if argv[1:2] == ["echo"]:
        echo()
    if argv[1:2] == ["ask"] and len(argv) > 4:
        dests = [hostport(d) for d in argv[3].split(",")]
        return ask(hostport(argv[2]), dests, [int(n) for n in argv[4:]])
    raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv)
