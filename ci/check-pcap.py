#!/usr/bin/env python3
"""check-pcap as a user has it: a recorded session in other files, link layers and
orders is judged the same; what cannot be read ends in one sentence and its exit
code; reports are what their schemas say. Ends with "N passed, N failed".
Argument: BUILD."""
import gzip
import json
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SAMPLES = os.path.join(ROOT, "pcap", "samples")
SHB, IDB, EPB, DSB = 0x0A0D0D0A, 1, 6, 10
ETHERNET, RAW, SLL, SLL2, WLAN = 1, 101, 113, 276, 105


class Capture:
    """Packets (nanoseconds, bytes), link type, and secrets of a sample."""

    def __init__(self, name):
        with open(os.path.join(SAMPLES, name + ".pcapng"), "rb") as f:
            data = f.read()
        self.packets, self.secrets, self.link, at = [], b"", None, 0
        while at < len(data):
            kind, size = struct.unpack_from("<II", data, at)
            body = data[at + 8:at + size - 4]
            if kind == IDB:
                self.link = struct.unpack_from("<H", body)[0]
            elif kind == EPB:
                high, low, have = struct.unpack_from("<III", body, 4)
                self.packets.append((((high << 32) | low) * 1000, body[20:20 + have]))
            elif kind == DSB:
                self.secrets += body[8:8 + struct.unpack_from("<I", body, 4)[0]]
            at += size


def pcap(packets, link, order="<", nano=False, snap=262144):
    out = [struct.pack(order + "IHHiIII", 0xA1B23C4D if nano else 0xA1B2C3D4, 2, 4, 0, 0,
                       262144, link)]
    for ns, data in packets:
        part = ns % 10**9 // (1 if nano else 1000)
        out.append(struct.pack(order + "IIII", ns // 10**9, part, min(snap, len(data)), len(data)))
        out.append(data[:snap])
    return b"".join(out)


def pcapng(packets, link, secrets, order="<", secrets_last=False):
    def block(kind, body):
        body += bytes(-len(body) % 4)
        size = struct.pack(order + "I", len(body) + 12)
        return struct.pack(order + "I", kind) + size + body + size

    keys = block(DSB, struct.pack(order + "II", 0x544C534B, len(secrets)) + secrets)
    out = block(SHB, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    out += block(IDB, struct.pack(order + "HHI", link, 0, 0))
    out += b"" if secrets_last else keys
    for ns, data in packets:
        us = ns // 1000
        out += block(EPB, struct.pack(order + "IIIII", 0, us >> 32, us & 0xFFFFFFFF, len(data),
                                      len(data)) + data)
    return out + (keys if secrets_last else b"")


# Packets of the samples are Ethernet and IPv4 without options.
def with_tcp(packet, ports=None, shift=(0, 0)):
    """Another server port; sequence numbers of client and server moved on."""
    ns, data = packet
    out = bytearray(data)
    at = 14 + (out[14] & 15) * 4
    source, target, seq, ack = struct.unpack_from(">HHII", out, at)
    by_client = ports is None or target == ports[0]
    if ports:
        source, target = ((source, ports[1]) if by_client else (ports[1], target))
    mine, other = shift if by_client else shift[::-1]
    struct.pack_into(">HHII", out, at, source, target, (seq + mine) % 2**32,
                     (ack + other) % 2**32 if out[at + 13] & 16 else ack)
    return ns, bytes(out)


def server_port(capture):
    return struct.unpack_from(">H", capture.packets[0][1], 14 + 20 + 2)[0]


def linked(packets, header, tail=b""):
    return [(ns, header(data) + data[14:] + tail) for ns, data in packets]


def extended(packets):
    """The same over IPv6, with a header of options before TCP."""
    out = []
    for ns, data in packets:
        size = struct.unpack_from(">H", data, 16)[0] - 20
        source, target = (bytes(12) + data[a:a + 4] for a in (26, 30))
        out.append((ns, data[:12] + b"\x86\xdd" + struct.pack(">IHBB", 6 << 28, size + 8, 0, 64)
                    + source + target + bytes([6, 0, 1, 4, 0, 0, 0, 0]) + data[34:34 + size]))
    return out


def strange_syn(n):
    return (0, bytes(12) + b"\x08\0" + struct.pack(
        ">BBHHHBBH4sIHHIIBBHHH", 0x45, 0, 40, 0, 0, 64, 6, 0, bytes([10, 1, 1, 1]),
        0x0B000000 + n, 1024, 9, n, 0, 0x50, 2, 1000, 0, 0))


def swapped(packets):
    """Each second pair the other way round."""
    out = list(packets)
    for i in range(4, len(out) - 3, 4):
        out[i], out[i + 1] = out[i + 1], out[i]
    return out


class Test:
    def __init__(self, build, tmp):
        self.program = os.path.join(build, "anytls-conform")
        self.tmp, self.passed, self.failed = tmp, 0, 0

    def path(self, name, data):
        path = os.path.join(self.tmp, name)
        with open(path, "wb") as f:
            f.write(data)
        return path

    def run(self, *args):
        return subprocess.run([self.program, "check-pcap", "--color", "never", *args],
                              capture_output=True, text=True, timeout=120, check=False)

    def check(self, what, ok, seen=""):
        self.passed += bool(ok)
        self.failed += not ok
        if not ok:
            print("FAIL %s: %s" % (what, seen))

    def judged(self, what, data, sessions=1, *args, says="", code=0):
        """All SESSIONS are judged by their frames."""
        p = self.run(self.path("x", data), *args)
        ok = (p.returncode == code and "%d judged by their frames, 0 by" % sessions in p.stdout
              and says in p.stdout)
        self.check(what, ok, "exit %d\n%s%s" % (p.returncode, p.stdout, p.stderr))

    def refused(self, what, code, says, *args):
        """One sentence on standard error, and the code."""
        p = self.run(*args)
        said = p.stderr.splitlines()
        ok = (p.returncode == code and len(said) == 1 and said[0].startswith("anytls-conform: ")
              and re.search(says, said[0]))
        self.check(what, ok, "exit %d: %r\n%s" % (p.returncode, p.stderr, p.stdout[-600:]))


def other_files(t, c):
    whole = pcapng(c.packets, c.link, c.secrets)
    t.judged("as it is", whole)
    t.judged("gzip", gzip.compress(whole))
    t.judged("big-endian pcapng", pcapng(c.packets, c.link, c.secrets, ">"))
    t.judged("secrets at the end", pcapng(c.packets, c.link, c.secrets, secrets_last=True))
    t.judged("two sections", whole + pcapng(
        [with_tcp(p, (server_port(c), 7)) for p in c.packets], c.link, b""), 2)
    for name, text in (("lower case", c.secrets), ("upper case", upper(c.secrets)),
                       ("CRLF", c.secrets.replace(b"\n", b"\r\n")),
                       ("comments", b"# NSS\n\nFOO 00 00\n" + c.secrets + b"rest")):
        keys = t.path("keys", text)
        for how in ({}, {"order": ">"}, {"nano": True}):
            t.judged("pcap %s, key log in %s" % (how, name),
                     pcap(c.packets, c.link, **how), 1, "--keylog", keys)
    t.judged("keys twice", whole, 1, "--keylog", keys)


def upper(secrets):
    lines = [line.split(b" ") for line in secrets.split(b"\n") if line]
    return b"\n".join(b" ".join([w[0], w[1].upper(), w[2].upper()]) for w in lines) + b"\n"


def other_links(t, c):
    mac = c.packets[0][1][:12]
    for name, link, header in (
            ("VLAN", ETHERNET, mac + b"\x81\0\0\1\x08\0"),
            ("VLAN in VLAN", ETHERNET, mac + b"\x88\xa8\0\1\x81\0\0\2\x08\0"),
            ("raw IP", RAW, b""),
            ("Linux cooked", SLL, b"\0\0\3\4\0\6" + bytes(8) + b"\x08\0"),
            ("Linux cooked 2", SLL2, b"\x08\0" + bytes(18))):
        t.judged(name, pcapng(linked(c.packets, lambda _, h=header: h), link, c.secrets))
    t.judged("trailers", pcapng(linked(c.packets, lambda d: d[:14], b"fill"), ETHERNET, c.secrets))
    t.judged("IPv6 with options", pcapng(extended(c.packets), ETHERNET, c.secrets))


def other_orders(t, c):
    port, twice = server_port(c), [p for p in c.packets for _ in range(2)]
    t.judged("each packet twice", pcapng(twice, c.link, c.secrets))
    t.judged("pairs swapped", pcapng(swapped(c.packets), c.link, c.secrets))
    t.judged("numbers that wrap", pcapng(
        [with_tcp(p, (port, port), wrapping(c)) for p in c.packets], c.link, c.secrets))
    again = [with_tcp(p, (port, port), (77777, 99999)) for p in c.packets]
    t.judged("ports used again", pcapng(c.packets + again, c.link, c.secrets), 2)
    t.judged("ports used again, without an end before", pcapng(
        c.packets[:12] + again, c.link, c.secrets), 2)
    beside = [with_tcp(p, (port, port + 1)) for p in c.packets]
    t.judged("one client port, two servers", pcapng(
        [p for pair in zip(c.packets, beside) for p in pair], c.link, c.secrets), 2)
    many = [strange_syn(n) for n in range(4200)]
    for i, p in enumerate(c.packets):
        many += [p, strange_syn(5000 + i)]
    t.judged("more connections than are followed", pcapng(many, c.link, c.secrets))
    silent = c.packets[:12] + [strange_syn(n) for n in range(4200)] + c.packets[12:]
    t.judged("one that was silent for longest", pcapng(silent, c.link, c.secrets),
             says="(limit) more than 4096 connections", code=5)


def wrapping(c):
    """Moves both sides to just below 2^32."""
    at = 14 + 20
    isn = [struct.unpack_from(">I", c.packets[i][1], at + 4)[0] for i in (0, 1)]
    return tuple(2**32 - 200 - n for n in isn)


def schemes(t):
    """A server that once sent a scheme, and later takes another MD5 for it."""
    a, b = Capture("scheme-update"), Capture("reference")
    moved = [with_tcp(p, (server_port(b), server_port(a))) for p in b.packets]
    t.judged("AT-PD-02", pcapng(a.packets + moved, a.link, a.secrets + b.secrets), 3,
             says="AT-PD-02")
    t.judged("no AT-PD-02 of another server", pcapng(a.packets + b.packets, a.link,
                                                     a.secrets + b.secrets), 3)
    p = t.run(t.path("x", pcapng(a.packets + b.packets, a.link, a.secrets + b.secrets)))
    t.check("none is told", "AT-PD-02" not in p.stdout, p.stdout)


def by_sizes(t, tmp):
    wide = os.path.join(tmp, "wide")
    with open(wide, "w") as f:
        f.write("stop=8\n0=30-30\n1=100-400\n")
    other = os.path.join(tmp, "other")
    with open(other, "w") as f:
        f.write("stop=8\n0=10-20\n1=100-400\n")
    for name in ("reference", "tls13-aes256", "tls13-chacha", "tls12", "tls12-chacha"):
        c = Capture(name)
        path = t.path(name, pcapng(c.packets, c.link, b""))
        t.refused(name + " without keys", 6, "there are no keys", path)
        p = t.run(path, "--keyless", "--padding-scheme", wide)
        t.check(name + " by sizes", p.returncode == 0 and
                "padding0 of 30, which fits" in p.stdout, p.stdout)
        p = t.run(path, "--keyless", "--padding-scheme", other)
        t.check(name + " does not fit", p.returncode == 1 and "FAIL session/1/AT-AU-02" in
                p.stdout, p.stdout)


def refusals(t, c, tmp):
    whole = pcapng(c.packets, c.link, c.secrets)
    good = t.path("good", whole)
    none = t.path("none", b"nothing\n")
    swap = bytes.maketrans(b"0123456789abcdef", b"123456789abcdef0")
    keys = t.path("wrong", b"".join(
        b" ".join([w[0], w[1], w[2].translate(swap)]) + b"\n"
        for w in (line.split(b" ") for line in c.secrets.split(b"\n") if line)))
    bare = t.path("bare", pcap(c.packets, c.link))
    cut = t.path("cut", whole[:-30])
    t.refused("no such file", 4, "nowhere.*No such file", os.path.join(tmp, "nowhere"))
    t.refused("a folder", 4, "is no regular file", tmp)
    t.refused("empty", 4, "has 0 bytes", t.path("empty", b""))
    t.refused("text", 4, "is no capture", t.path("text", b"what is this?\n"))
    t.refused("zstd", 4, "not by gzip", t.path("zst", b"\x28\xb5\x2f\xfd1234"))
    t.refused("gzip cut", 4, "cutz.*after packet",
              t.path("cutz", gzip.compress(pcap(c.packets * 20, c.link))[:-200]), "-q")
    t.refused("wireless", 4, "link type 105", t.path("wlan", pcap(c.packets, WLAN)))
    t.refused("cut", 4, "cut: after packet", cut)
    t.refused("no key log", 4, "cannot read the key log", good, "--keylog", none + "x")
    t.refused("no secrets in it", 4, "is no key log", good, "--keylog", none)
    t.refused("other secrets", 6, "none of the secrets fits", bare, "--keylog", keys)
    t.refused("another password", 6, "none of the sessions has the password", good,
              "--password", "other")
    t.refused("another port", 5, "no TLS connection to port 9", good, "--port", "9")
    t.refused("no packets", 5, "nothing to judge", t.path("zero", pcap([], ETHERNET)))
    t.refused("snapshots", 5, "nothing to judge", t.path(
        "snap", pcap(c.packets, c.link, snap=60)))
    late = t.path("late", pcapng(c.packets[8:], c.link, c.secrets))
    t.refused("from the middle", 5, "began before the capture", late)


def progress(t, c):
    """On a terminal: how far, and nothing of it stays."""
    big = c.packets * 1300  # more than 32768
    for name, data, says in (
            ("plain", pcap(big, c.link), r"\r *[1-9]\d* % of \d+ MiB, \d+ sessions "),
            ("gzip", gzip.compress(pcap(big, c.link), 1), r"\r[1-9]\d* MiB, \d+ sessions ")):
        master, slave = pty.openpty()
        p = subprocess.Popen([t.program, "check-pcap", t.path("big", data)],
                             stdout=subprocess.DEVNULL, stderr=slave)
        os.close(slave)
        said = b""
        try:
            while part := os.read(master, 65536):
                said += part
        except OSError:
            pass
        os.close(master)
        p.wait()
        text = said.decode()
        t.check("progress, " + name, re.search(says, text) and "\r\033[K" in text, repr(text[:300]))


def reports(t, tmp):
    for name, code in (("reference", 0), ("bad-client-counter-0", 1), ("no-keys", 6)):
        out = os.path.join(tmp, "out-" + name)
        p = t.run(os.path.join(SAMPLES, name + ".pcapng"), "-o", out)
        t.check(name + " with -o", p.returncode == code, "exit %d %s" % (p.returncode, p.stderr))
        with open(os.path.join(out, "results.json"), encoding="utf-8") as f:
            results = json.load(f)
        t.check(name + " exit in JSON", results["run"]["exit_code"] == code, results["run"])
        valid(t, name, results)
        xsd = os.path.join(ROOT, "conformance", "schema", "junit.xsd")
        p = subprocess.run(["xmllint", "--noout", "--schema", xsd,
                            os.path.join(out, "junit.xml")], capture_output=True, text=True,
                           check=False)
        t.check(name + " JUnit", p.returncode == 0, p.stderr)
        with open(os.path.join(out, "results.sarif"), encoding="utf-8") as f:
            t.check(name + " SARIF", json.load(f)["version"] == "2.1.0")
        for file in ("report.html", "summary.md", "results.tap", "badge.json"):
            t.check("%s %s" % (name, file), os.path.getsize(os.path.join(out, file)) > 0)


def valid(t, name, results):
    try:
        import jsonschema
    except ImportError:
        print("results.json is not validated: no jsonschema here")
        return
    with open(os.path.join(ROOT, "conformance", "schema", "results.schema.json"),
              encoding="utf-8") as f:
        schema = json.load(f)
    errors = [e.message for e in jsonschema.Draft202012Validator(schema).iter_errors(results)]
    t.check(name + " results.json", not errors, errors[:3])


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build", "none")
    with tempfile.TemporaryDirectory() as tmp:
        t, c = Test(build, tmp), Capture("reference")
        other_files(t, c)
        other_links(t, c)
        other_orders(t, c)
        schemes(t)
        by_sizes(t, tmp)
        refusals(t, c, tmp)
        progress(t, c)
        reports(t, tmp)
    print("%d passed, %d failed" % (t.passed, t.failed))
    return 1 if t.failed else 0


if __name__ == "__main__":
    sys.exit(main())
