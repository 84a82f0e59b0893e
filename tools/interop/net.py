"""What stands around a pair of peers: the origin that their streams end at, a
relay between them that counts sessions, a SOCKS5 application in front."""
import asyncio
import hashlib
import ipaddress
import random
import socket
import struct

CHUNK = 65536


def seeded(seed, size):
    """Bytes that repeat nowhere, so that lost or moved ones are noticed."""
    return random.Random(seed).randbytes(size)


def digest(data):
    return hashlib.sha256(data).hexdigest()


def free_port(host="127.0.0.1", kind=socket.SOCK_STREAM):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as s:
        s.bind((host, 0))
        return s.getsockname()[1]


class Origin:
    """Serves one command line for each connection: "echo", "up SIZE" (answers
    with the hash) or "down SIZE SEED" (then closes); echoes datagrams."""

    def __init__(self):
        self.servers, self.transports = [], []
        self.port = {}          # by host
        self.udp_port = {}

    async def start(self):
        loop = asyncio.get_running_loop()
        for host in ("127.0.0.1", "::1"):
            try:
                s = await asyncio.start_server(self.serve, host, 0)
                t, _ = await loop.create_datagram_endpoint(
                    DatagramEcho, local_addr=(host, 0))
            except OSError:
                continue        # no such address on this machine
            self.servers.append(s)
            self.transports.append(t)
            self.port[host] = s.sockets[0].getsockname()[1]
            self.udp_port[host] = t.get_extra_info("sockname")[1]

    async def serve(self, reader, writer):
        try:
            words = (await reader.readline()).decode().split()
            if words[:1] == ["echo"]:
                while data := await reader.read(CHUNK):
                    writer.write(data)
                    await writer.drain()
            elif words[:1] == ["up"]:
                got = await reader.readexactly(int(words[1]))
                writer.write(digest(got).encode() + b"\n")
                await writer.drain()
                await reader.read()
            elif words[:1] == ["down"]:
                writer.write(seeded(words[2], int(words[1])))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError,
                asyncio.CancelledError):
            pass                # the application sees what is missing
        finally:
            writer.close()

    def close(self):
        for s in self.servers:
            s.close()
        for t in self.transports:
            t.close()


class DatagramEcho(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.transport.sendto(b"e" + data, addr)


class Relay:
    """Between client and server. It counts the connections and notes the sizes
    of the client's first TLS records, which show the padding scheme in use."""

    RECORDS = 8

    def __init__(self, port):
        self.target = port
        self.sessions = 0
        self.records = []       # a list of sizes for each session
        self.writers = set()

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def serve(self, reader, writer):
        self.writers.add(writer)
        try:
            r2, w2 = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        self.writers.add(w2)
        sizes = []
        self.sessions += 1
        self.records.append(sizes)
        try:
            await asyncio.gather(self.copy(reader, w2, sizes),
                                 self.copy(r2, writer, None))
        except asyncio.CancelledError:
            pass                # the program ends
        self.writers -= {writer, w2}

    async def copy(self, reader, writer, sizes):
        head = bytearray()
        try:
            while data := await reader.read(CHUNK):
                if sizes is not None and len(sizes) < self.RECORDS:
                    head += data
                    note_records(head, sizes, self.RECORDS)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    def close(self):
        self.server.close()
        for w in list(self.writers):
            w.close()


def note_records(head, sizes, most):
    """Takes whole TLS records off the head; notes those of application data."""
    while len(head) >= 5 and len(sizes) < most:
        size = struct.unpack_from("!H", head, 3)[0]
        if len(head) < 5 + size:
            return
        if head[0] == 23:
            sizes.append(size)
        del head[:5 + size]


class Refused(Exception):
    """The SOCKS server said no."""


def socks_address(host, port):
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        name = host.encode()
        return b"\x03" + bytes([len(name)]) + name + struct.pack("!H", port)
    return (b"\x01" if ip.version == 4 else b"\x04") + ip.packed + \
        struct.pack("!H", port)


async def read_socks_address(reader):
    kind = (await reader.readexactly(1))[0]
    if kind == 3:
        size = (await reader.readexactly(1))[0]
        host = (await reader.readexactly(size)).decode()
    else:
        raw = await reader.readexactly(4 if kind == 1 else 16)
        host = str(ipaddress.ip_address(raw))
    return host, struct.unpack("!H", await reader.readexactly(2))[0]


async def socks_request(port, command, host, target_port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"\x05\x01\x00")
        if await reader.readexactly(2) != b"\x05\x00":
            raise Refused("no SOCKS5 without login")
        writer.write(b"\x05" + bytes([command]) + b"\x00" +
                     socks_address(host, target_port))
        answer = await reader.readexactly(3)
        if answer[1]:
            raise Refused(f"SOCKS reply {answer[1]}")
        return reader, writer, await read_socks_address(reader)
    except BaseException:
        writer.close()
        raise


async def connect(port, host, target_port):
    """A stream through the SOCKS server at port."""
    reader, writer, _ = await socks_request(port, 1, host, target_port)
    return reader, writer


class Datagrams(asyncio.DatagramProtocol):
    """A SOCKS5 UDP association."""

    def __init__(self):
        self.queue = asyncio.Queue()

    @classmethod
    async def associate(cls, port):
        reader, writer, bound = await socks_request(port, 3, "0.0.0.0", 0)
        host = bound[0] if bound[0] not in ("0.0.0.0", "::") else "127.0.0.1"
        if host.startswith("::ffff:"):
            host = host[7:]
        loop = asyncio.get_running_loop()
        transport, self = await loop.create_datagram_endpoint(
            cls, remote_addr=(host, bound[1]))
        self.transport, self.control = transport, (reader, writer)
        return self

    def datagram_received(self, data, addr):
        self.queue.put_nowait(data)

    def error_received(self, exc):
        self.queue.put_nowait(exc)

    def send(self, host, port, data):
        self.transport.sendto(b"\0\0\0" + socks_address(host, port) + data)

    async def receive(self):
        """The source's address and the payload of the next datagram."""
        data = await self.queue.get()
        if isinstance(data, Exception):
            raise data
        reader = asyncio.StreamReader()
        reader.feed_data(data[3:])
        reader.feed_eof()
        source = await read_socks_address(reader)
        return source, await reader.read()

    def close(self):
        self.transport.close()
        self.control[1].close()
