"""What each pair of peers has to do.

A scenario takes a Pair, returns None or a remark, and raises Broken when the
application did not get what it asked for. A remark that begins with "~" says
that all bytes came, but not in the way that the protocol's text asks for.
"""
import asyncio
import os

from net import (Datagrams, Refused, connect, digest, free_port, seeded)

MIB = 1 << 20
LARGE = 8 * MIB
SEQUENTIAL = 50
CONCURRENT = 64
# Two sizes that no default scheme has: 134 bytes of authentication and 777 of
# packet 1, with what TLS 1.3 or 1.2 adds.
SCHEME = "stop=3\n0=100-100\n1=777-777\n2=888-888\n"
PACKET1 = {777 + 17, 777 + 24, 777 + 29}


class Broken(Exception):
    """What the application did not get; one sentence."""


class Application:
    """Requests through the SOCKS port of a client."""

    def __init__(self, port, origin):
        self.port, self.origin = port, origin

    async def open(self, host="127.0.0.1", name=None):
        if host not in self.origin.port:
            raise Skip(f"this machine has no {host}")
        return await connect(self.port, name or host, self.origin.port[host])

    async def echo(self, size, seed, **where):
        reader, writer = await self.open(**where)
        try:
            await exchange(reader, writer, size, seed)
        finally:
            writer.close()


class Skip(Exception):
    """Why a scenario says nothing here."""


async def exchange(reader, writer, size, seed):
    """Sends and reads the echo at the same time."""
    data = seeded(seed, size)
    writer.write(b"echo\n" + data)
    got = await exactly(reader, size, "echo")
    if got != data:
        raise Broken(difference(data, got))


async def exactly(reader, size, what):
    try:
        return await reader.readexactly(size)
    except asyncio.IncompleteReadError as e:
        raise Broken(f"{what}: the stream ended after {len(e.partial)} of "
                     f"{size} bytes") from None


def difference(want, got):
    for i, (a, b) in enumerate(zip(want, got)):
        if a != b:
            return f"byte {i} of {len(want)} is {b:02x} and not {a:02x}"
    return f"{len(got)} bytes and not {len(want)}"


async def small(pair):
    """1, 100 and 1400 bytes there and back on one connection"""
    reader, writer = await pair.app.open()
    writer.write(b"echo\n")
    for size in (1, 100, 1400):
        data = seeded(f"small{size}", size)
        writer.write(data)
        if await exactly(reader, size, "echo") != data:
            raise Broken(f"echo of {size} bytes differs")
    writer.close()


async def up(pair):
    """8 MiB from the application, compared by hash"""
    data = seeded("up", LARGE)
    reader, writer = await pair.app.open()
    writer.write(b"up %d\n" % LARGE + data)
    answer = (await exactly(reader, 65, "the hash")).decode().strip()
    writer.close()
    if answer != digest(data):
        raise Broken("the hash of what arrived differs")


async def down(pair):
    """8 MiB to the application, compared by hash"""
    reader, writer = await pair.app.open()
    writer.write(b"down %d down\n" % LARGE)
    got = await exactly(reader, LARGE, "download")
    writer.close()
    if digest(got) != digest(seeded("down", LARGE)):
        raise Broken("the hash of what arrived differs")


async def duplex(pair):
    """2 MiB in both directions at the same time"""
    await pair.app.echo(2 * MIB, "duplex")


async def close(pair):
    """the target sends 40 kB and closes: the application sees all and the end"""
    reader, writer = await pair.app.open()
    writer.write(b"down 40000 close\n")
    got = await exactly(reader, 40000, "download")
    if got != seeded("close", 40000):
        raise Broken("what arrived differs")
    try:
        rest = await asyncio.wait_for(reader.read(), 5 * pair.scale)
    except asyncio.TimeoutError:
        raise Broken("the target's end did not arrive within 5 s") from None
    except ConnectionError:
        return "~the target's end arrived as a reset"
    finally:
        writer.close()
    if rest:
        raise Broken(f"{len(rest)} bytes more than were sent")
    return None


async def sequential(pair):
    """50 requests, one after the other, that share a session"""
    before = pair.relay.sessions
    for i in range(SEQUENTIAL):
        try:
            await pair.app.echo(2000, f"seq{i}")
        except (Broken, Refused, OSError, EOFError) as e:
            raise Broken(f"request {i + 1}: {said(e)}") from None
        await asyncio.sleep(0.02)
    used = pair.relay.sessions - before
    if used > SEQUENTIAL // 2:
        return f"~{used} sessions for {SEQUENTIAL} requests: no reuse"
    return f"{used} new sessions"


async def concurrent(pair):
    """64 requests at the same time, 64 KiB each"""
    before = pair.relay.sessions
    done = await asyncio.gather(
        *(pair.app.echo(65536, f"con{i}") for i in range(CONCURRENT)),
        return_exceptions=True)
    bad = [e for e in done if e is not None]
    if bad:
        raise Broken(f"{len(bad)} of {CONCURRENT} failed; one: {said(bad[0])}")
    return f"{pair.relay.sessions - before} new sessions"


async def udp(pair, form):
    d = await Datagrams.associate(pair.app.port)
    try:
        port = pair.origin.udp_port["127.0.0.1"]
        for size in (1, 100, 1200, 8000):
            data = seeded(f"udp{size}", size)
            d.send("127.0.0.1", port, data)
            try:
                source, got = await asyncio.wait_for(d.receive(),
                                                     4 * pair.scale)
            except asyncio.TimeoutError:
                raise Broken(f"no answer to a datagram of {size} bytes") \
                    from None
            if got != b"e" + data:
                raise Broken(f"answer to {size} bytes: "
                             + difference(b"e" + data, got))
            if source != ("127.0.0.1", port):
                return f"~the answer's source is given as {source[0]}:{source[1]}"
    finally:
        d.close()
    return None


async def udp_packet(pair):
    """datagrams of 1 to 8000 bytes, an address in each frame"""
    return await udp(pair, "packet")


async def udp_connect(pair):
    """datagrams of 1 to 8000 bytes, one address for the stream"""
    return await udp(pair, "connect")


async def ipv6(pair):
    """a target given as an IPv6 address"""
    await pair.app.echo(3000, "six", host="::1")


async def name(pair):
    """a target given as a name"""
    host = "127.0.0.1"
    await pair.app.echo(3000, "name", host=host, name="localhost")


async def refused(pair):
    """a target that refuses: the application is told, the next request works"""
    try:
        reader, writer = await connect(pair.app.port, "127.0.0.1", free_port())
        writer.write(b"x")
        got = await asyncio.wait_for(reader.read(), 5 * pair.scale)
        writer.close()
        if got:
            raise Broken(f"{len(got)} bytes from a target that refuses")
        told = "told by closing"
    except asyncio.TimeoutError:
        raise Broken("not told within 5 s") from None
    except (Refused, EOFError) as e:
        told = f"told: {said(e)}"
    except ConnectionError:
        told = "told by a reset"
    await pair.app.echo(100, "after-refused")
    return told


async def scheme(pair):
    """a server with another padding scheme, which later sessions follow"""
    await pair.restart(scheme=True)
    await pair.app.echo(100000, "scheme1")
    held = [await pair.app.open() for _ in range(3)]
    for i, (reader, writer) in enumerate(held):
        await exchange(reader, writer, 30000, f"scheme2{i}")
    for _, writer in held:
        writer.close()
    later = pair.relay.records[1:]
    if not later:
        return "one session only: not seen whether it is followed"
    # Packet 2 of the usual scheme may have a record of that size by chance.
    if not any(PACKET1 & set(r[:4]) for r in later):
        return f"~later sessions do not follow it: records of {later[-1][:4]}"
    return "followed"


async def restart(pair):
    """the server is killed and started again: requests work again"""
    await pair.app.echo(100, "before-restart")
    await pair.stop_server(kill=True)
    await pair.start_server()
    for attempt in range(1, 5):
        try:
            await asyncio.wait_for(pair.app.echo(100, "after-restart"),
                                   5 * pair.scale)
            return f"at attempt {attempt}"
        except (Broken, Refused, OSError, EOFError, asyncio.TimeoutError) as e:
            last = said(e)
            await asyncio.sleep(0.3)
    raise Broken(f"four requests failed; the last: {last}")


async def idle(pair):
    """a pause, then a request"""
    await pair.app.echo(100, "before-idle")
    before = pair.relay.sessions
    await asyncio.sleep(pair.idle)
    await pair.app.echo(100, "after-idle")
    new = pair.relay.sessions - before
    return f"after {pair.idle:g} s, " + \
        ("a new session" if new else "the same session")


def inapplicable(client, server, scenario):
    """Why a scenario says nothing about this pair; None when it does."""
    for peer in (client, server):
        if scenario in peer.cannot:
            return f"{peer.name}: {peer.cannot[scenario]}"
    if scenario.startswith("udp-"):
        forms = client.roles["client"].get("udp", [])
        if scenario[4:] not in forms:
            return "the client has the other form only" if forms else \
                "the client has no UDP"
    if scenario == "scheme" and not server.has_option("server", "scheme"):
        return "the server cannot be given a scheme"
    return None


def said(e):
    return str(e) or type(e).__name__


ALL = {f.__name__.replace("_", "-"): f for f in (
    small, up, down, duplex, close, sequential, concurrent, udp_packet,
    udp_connect, ipv6, name, refused, scheme, restart, idle)}


def scheme_file(folder):
    path = os.path.join(folder, "scheme.txt")
    with open(path, "w", encoding="ascii") as f:
        f.write(SCHEME)
    return path
