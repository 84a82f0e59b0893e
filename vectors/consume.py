#!/usr/bin/env python3
"""A second reading of the protocol, which runs the vectors from their JSON.

It shares no code with the reference: decoders of frames, authentication,
settings, schemes, plans, addresses, UDP over TCP, share links and the pool,
written from the document with Python's standard library, in the order of the
vectors. Conversations are looked at as far as they go without a session: what
goes in and out are frames, and each side sends only what it may. Record shapes
are left out.

consume.py [JSON]: prints each vector that differs, then "N passed, N failed".
"""
import hashlib
import ipaddress
import json
import pathlib
import re
import sys
import urllib.parse

NEVER_DATA = {1, 3, 8, 9}
CLIENT_ONLY, SERVER_ONLY = {1, 4}, {5, 6, 7, 10}


def raw(text):
    out = b""
    for piece in text.split():
        byte, _, times = piece.partition("*")
        out += bytes.fromhex(byte) * int(times or 1)
    return out


def split_frames(data):
    """[(cmd, id, data)] and how it ends."""
    frames, at = [], 0
    while len(data) - at >= 7:
        length = int.from_bytes(data[at + 5:at + 7], "big")
        body = data[at + 7:at + 7 + length]
        if len(body) < length:
            if body:
                frames.append((data[at], data[at + 1:at + 5], body))
            return frames, "data"
        frames.append((data[at], data[at + 1:at + 5], body))
        at += 7 + length
    return frames, "header" if at < len(data) else "idle"


def frame(v):
    frames, end = split_frames(raw(v["in"]))
    assert end == v["end"], end
    want = [(f["cmd"], f["sid"].to_bytes(4, "big"), raw(f["data"]))
            for f in v["frame"]]
    assert frames == want, frames


def command(v):
    n = v["number"]
    assert ("cmd" in v) == (n <= 10)
    if n <= 10:
        assert (v["data"] == "never") == (n in NEVER_DATA)
        assert (v["sender"] == "client") == (n in CLIENT_ONLY)
        assert (v["sender"] == "server") == (n in SERVER_ONLY)
        assert (v["since"] == 2) == (n >= 7)


def auth(v):
    data = raw(v["in"])
    ok = len(data) >= 34
    if ok:
        padding = int.from_bytes(data[32:34], "big")
        assert v.get("padding", padding) == padding
        assert raw(v["hash"]) == data[:32] if "hash" in v else True
        ok = len(data) >= 34 + padding
    assert v["result"] == ("ok" if ok else "more")
    assert raw(v["rest"]) == (data[34 + padding:] if ok else b"")
    if "password" in v:
        same = hashlib.sha256(v["password"].encode()).digest() == data[:32]
        assert v["accept"] == ("yes" if same else "no")


def items(text):
    found = {}
    for line in text.split(b"\n"):
        key, equals, value = line.partition(b"=")
        if equals:
            found[key] = value
    return found


def integer(text):
    """As Go reads a decimal integer of 64 bits, or None."""
    if text is None or not re.fullmatch(rb"[+-]?[0-9]+", text):
        return None
    n = int(text)
    return n if -2**63 <= n < 2**63 else None


def settings(v):
    got = items(raw(v["in"]))
    for key, name in ((b"v", "v"), (b"client", "client"),
                      (b"padding-md5", "md5")):
        assert got.get(key) == (raw(v[name]) if name in v else None), name
    said = integer(got.get(b"v"))
    said = 1 if said is None or said < 1 else said
    assert v["in-force"] == [min(said, ours) for ours in (1, 2, 3)]


def settings_put(v):
    got = items(raw(v["out"]))
    want = {b"v": str(v["version"]).encode()}
    if v["role"] == "client":
        want[b"client"] = v["client"].encode()
        want[b"padding-md5"] = v["md5"].encode()
    assert got == want


def parse_scheme(text):
    """(stop, rules) or None."""
    rules = items(text.encode())
    stop = integer(rules.get(b"stop"))
    return None if stop is None else (stop % 2**32, rules)


def scheme(v):
    parsed = parse_scheme(v["text"])
    if "md5" in v:
        assert hashlib.md5(v["text"].encode()).hexdigest() == v["md5"]
    assert v["result"] == ("ok" if parsed else "syntax")
    if parsed:
        assert parsed[0] == v["stop"]
        for r in v["rule"]:
            key = str(r["packet"]).encode()
            assert parsed[1].get(key) == r["items"].encode(), r
        for packet in v["norule"]:
            assert str(packet).encode() not in parsed[1]


def sizes_of(rule, draws):
    """Sizes and "c", drawn as they are asked for."""
    for item in rule.split(b",") if rule is not None else []:
        if item == b"c":
            yield "c"
            continue
        bounds = item.split(b"-")
        if len(bounds) != 2:
            continue
        low, high = sorted(bounds, key=lambda b: integer(b) or 0)
        low, high = integer(low), integer(high)
        if low is None or high is None or low <= 0:
            continue
        if low == high:
            yield low
            continue
        draw = draws.pop(0)
        assert draw["of"] == high - low, draw
        yield low + draw["value"]


def rule_of(v, packet):
    stop, rules = parse_scheme(v["scheme"])
    return rules.get(str(packet).encode()) if packet < stop else None


def sizes(v):
    draws = list(v["draw"])
    assert list(sizes_of(rule_of(v, v["packet"]), draws)) == v["sizes"]
    assert not draws


def padding0(v):
    draws = list(v["draw"])
    first = next(sizes_of(rule_of(v, 0), draws), 0)
    assert v["length"] == (0 if first == "c" else min(first, 65535))
    assert not draws


def plan(v):
    """Writes as (payload, bytes of waste); the frames of it are free."""
    draws, left, writes = list(v["draw"]), v["payload"], []
    for size in sizes_of(rule_of(v, v["packet"]), draws):
        if size == "c":
            if left == 0:
                break
            continue
        if left > size:
            writes.append((size, 0))
            left -= size
        elif left > 0:
            room = size - left
            writes.append((left, room if room > 7 else 0))
            left = 0
        else:
            headers = 7 * -(-size // 65535)
            writes.append((0, size + headers))
    if left:
        writes.append((left, 0))
    got = [(w["payload"], sum(7 + n for n in w["waste"])) for w in v["write"]]
    assert got == writes, writes
    assert not draws


def read_address(data, kinds):
    """(result, kind, host, port, rest)."""
    if not data:
        return ("more",)
    kind = kinds.get(data[0])
    if kind is None:
        return ("type",)
    data, size = data[1:], {"ipv4": 4, "ipv6": 16}.get(kind)
    if size is None:
        if not data:
            return ("more",)
        size, data = data[0], data[1:]
        if size == 0:
            return ("empty",)
    if len(data) < size + 2:
        return ("more",)
    return ("ok", kind, data[:size],
            int.from_bytes(data[size:size + 2], "big"), data[size + 2:])


SOCKS = {1: "ipv4", 3: "name", 4: "ipv6"}
PACKET = {0: "ipv4", 1: "ipv6", 2: "name"}


def want_address(v, got, data):
    assert v["result"] == got[0], got[0]
    if got[0] == "ok":
        a = v["addr"]
        assert got[1:] == (a["kind"], raw(a["host"]), a["port"],
                           raw(v["rest"])), got
    elif got[0] != "more":
        assert raw(v["rest"]) == data


def addr(v):
    want_address(v, read_address(raw(v["in"]), SOCKS), raw(v["in"]))


def encode_address(host, port):
    try:
        ip = ipaddress.ip_address(host)
        head = (b"\x01" if ip.version == 4 else b"\x04") + ip.packed
    except ValueError:
        head = b"\x03" + bytes([len(host)]) + host.encode()
    return head + port.to_bytes(2, "big")


def hostport(v):
    text = v["text"]
    if re.fullmatch(r":?[^:]*", text) and (text[:1] in ("", ":")):
        assert v["result"] == "empty"
        return
    m = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^:\[\]]+)):([0-9]{1,5})",
                     text)
    ok = bool(m) and int(m[3]) < 65536 and len(m[1] or m[2]) < 256
    assert v["result"] == ("ok" if ok else "syntax")
    if ok:
        out = encode_address(m[1] or m[2], int(m[3]))
        assert out == raw(v["out"]), out


def uot_magic(v):
    names = {b"sp.v2.udp-over-tcp.arpa": 2, b"sp.udp-over-tcp.arpa": 1}
    assert names.get(raw(v["host"]), 0) == v["version"]


def uot_request(v):
    data = raw(v["in"])
    got = read_address(data[1:], SOCKS) if data else ("more",)
    want_address(v, got, data)
    if got[0] == "ok":
        assert v["connect"] == (1 if data[0] else 0)


def uot_datagrams(v):
    data, got, end = raw(v["in"]), [], "idle"
    while data:
        a = ("ok", data) if v["connect"] else read_address(data, PACKET)
        end = a[0]
        if a[0] == "ok":
            rest = a[-1]
            size = int.from_bytes(rest[:2], "big")
            if len(rest) < 2 or len(rest) < 2 + size:
                end = "more"
        if end != "ok":
            break
        got.append((*a[1:-1], rest[2:2 + size]))
        data, end = rest[2 + size:], "idle"
    want = [(d["kind"], raw(d["host"]), d["port"], raw(d["data"]))
            for d in v["datagram"]] + [(raw(d["data"]),) for d in v["packet"]]
    assert got == want, got
    assert end == v["end"], end


def unescape(text):
    if re.search(r"%(?![0-9a-fA-F]{2})|%00", text):
        raise ValueError("escape")
    return urllib.parse.unquote_to_bytes(text).decode()


def is_ip(text):
    try:
        ipaddress.ip_address(text)
        return True
    except ValueError:
        return False


def parse_uri(text):
    m = re.fullmatch(r"(?i:anytls)://(?:([^/?#]*)@)?"
                     r"(?:\[([^\]/?#]*)\]|([^@:\[\]/?#]+))(?::([0-9]+))?"
                     r"/?(?:\?([^#]*))?(?:#(.*))?", text)
    if not m:
        raise ValueError("form")
    auth_part, six, name, port, query, fragment = m.groups()
    host = unescape(six if six is not None else name)
    if six is not None and ipaddress.ip_address(host).version != 6:
        raise ValueError("brackets")
    if re.search(r"[\x00-\x20\x7f\[\]/?#@\\]", host) or len(host) > 255:
        raise ValueError("host")
    port = 443 if port is None else int(port)
    if not 1 <= port <= 65535:
        raise ValueError("port")
    found = {"sni": "", "insecure": "0"}
    for pair in (query or "").split("&"):
        key, _, value = pair.partition("=")
        if key in found:
            found[key] = unescape(value) if key == "sni" else value
    name = found["sni"] or host
    return {"password": unescape(auth_part or ""), "host": host, "port": port,
            "sni": found["sni"], "insecure": int(found["insecure"] == "1"),
            "fragment": unescape(fragment or ""),
            "server-name": "-" if is_ip(name) else name}


def uri(v):
    try:
        got = parse_uri(v["text"])
    except ValueError:
        assert v["result"] == "syntax"
        return
    assert v["result"] == "ok", got
    for key, value in got.items():
        assert v.get(key, value) == value, (key, value)


def pool(v):
    idle = {}
    for step in v["steps"]:
        if step["do"] == "put":
            idle[step["seq"]] = step["ms"]
        elif step["do"] == "take":
            seq = max(idle, default=0)
            idle.pop(seq, None)
            assert seq == step["seq"], seq
        elif step["do"] == "remove":
            del idle[step["seq"]]
        elif step["do"] == "reap":
            kept = sorted(idle)[-v["min-idle"]:] if v["min-idle"] else []
            due = [s for s in sorted(idle) if s not in kept and v["timeout"]
                   and step["ms"] - idle[s] > v["timeout"]]
            for s in due:
                del idle[s]
            assert due == step["closed"], due
        else:
            assert sorted(idle) == step["seqs"], idle


def session(v):
    assert (hashlib.md5(v["scheme"].encode()).hexdigest() == v["scheme-md5"])
    given = b"".join(raw(s["bytes"]) for s in v["steps"] if s["do"] == "in")
    out = b"".join(raw(s["bytes"]) for s in v["steps"]
                   if s["do"] in ("out", "write"))
    frames, end = split_frames(out)
    assert end == "idle", "what goes out is no whole frames"
    never = SERVER_ONLY if v["role"] == "client" else CLIENT_ONLY
    for cmd, _, data in frames:
        assert cmd not in never and cmd <= 10, cmd
        assert not data or cmd not in NEVER_DATA, cmd
        assert v["version"] > 1 or cmd < 7, cmd
        assert cmd != 0 or not any(data), "waste is not zero"
    told = [s for s in v["steps"] if s["do"] == "event"]
    for e in told:
        if e["type"] == "data":
            data = b"".join(body for cmd, sid, body in split_frames(given)[0]
                            if cmd == 2 and
                            int.from_bytes(sid, "big") == e["id"])
            assert raw(e["data"]) in data, e


SUITES = {"command": command, "frame": frame, "auth": auth,
          "settings": settings, "settings-put": settings_put,
          "scheme": scheme, "sizes": sizes, "padding0": padding0,
          "plan": plan, "addr": addr, "hostport": hostport,
          "uot-magic": uot_magic, "uot-request": uot_request,
          "uot-datagrams": uot_datagrams, "uri": uri, "pool": pool,
          "session": session}


def main(argv):
    here = pathlib.Path(__file__).resolve().parent
    path = argv[1] if len(argv) > 1 else here / "anytls-vectors.json"
    with open(path, encoding="utf-8") as f:
        vectors = json.load(f)
    passed = failed = skipped = 0
    for suite, entries in vectors["suites"].items():
        for v in entries:
            if suite not in SUITES:
                skipped += 1
                continue
            try:
                SUITES[suite](v)
                passed += 1
            except (AssertionError, LookupError, ValueError) as e:
                failed += 1
                print(f"{suite}/{v['name']}: {type(e).__name__} {e}"[:300])
    if passed + failed + skipped != vectors["count"]:
        print("the count in the file is another")
        failed += 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
