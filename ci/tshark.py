#!/usr/bin/env python3
"""The Wireshark dissector on every sample, with real tshark: each frame is the
one that check-pcap sees (packet, direction, command, stream, length), what
check-pcap finds has its expert item where the dissector knows the rule, samples
without findings have no warning, and the fields named below have their values.
Ends with "N passed, N failed, N skipped"; all are skipped where tshark is not."""
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SAMPLES = os.path.join(ROOT, "pcap", "samples")
LUA = os.path.join(ROOT, "pcap", "anytls.lua")
NAMES = ["Waste", "SYN", "PSH", "FIN", "Settings", "Alert", "UpdatePaddingScheme", "SYNACK",
         "HeartRequest", "HeartResponse", "ServerSettings"]

# Sample, field, what one of its values must be.
FIELDS = [
    ("reference", "anytls.auth.padding_length", "30"),
    ("reference", "anytls.auth.hash",
     "af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf"),
    ("reference", "anytls.settings.v", "2"),
    ("reference", "anytls.settings.padding_md5", "75cff2ad89aadf5e257059ee571ebe11"),
    ("reference", "anytls.address.type", "1"),
    ("reference", "anytls.address.host", "127.0.0.1"),
    ("reference", "http.request.method", "GET"),
    ("reference", "http.response.code", "200"),
    ("large", "http.response.code", "200"),
    ("go-pair", "anytls.settings.client", "anytls/0.0.13"),
    ("go-pair", "http.response.code", "200"),
    ("ipv6", "anytls.address.type", "4"),
    ("scheme-update", "anytls.scheme.stop", "4"),
    ("scheme-update", "anytls.scheme.line", "1=200-300"),
    ("synack-error", "anytls.synack.error", None),
    ("udp-packet", "anytls.address.host", "sp.v2.udp-over-tcp.arpa"),
    ("udp-packet", "anytls.uot.connect", "0"),
    ("udp-packet", "anytls.uot.type", "0"),
    ("udp-packet", "anytls.uot.length", "60"),
    ("udp-connect", "anytls.uot.connect", "1"),
    ("udp-connect", "anytls.uot.length", "60"),
    ("like-credssp", "anytls.auth.padding_length", "30"),
]


def arguments(name):
    """Of check-pcap, as the text of the sample has them."""
    with open(os.path.join(SAMPLES, name + ".txt")) as f:
        line = next(x for x in f if x.startswith("check-pcap FILE"))
    return line.split(" must say")[0].split()[2:]


def tshark(name, *more):
    argv = ["tshark", "-X", "lua_script:" + LUA, "-r", os.path.join(SAMPLES, name + ".pcapng"),
            *more]
    args = arguments(name)
    if "--port" in args:
        argv += ["-o", "anytls.ports:" + args[args.index("--port") + 1]]
    p = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    if p.returncode != 0 or "Lua Error" in p.stdout + p.stderr:
        raise AssertionError("tshark: exit %d: %s" % (p.returncode, p.stderr[-400:]))
    return p.stdout


def dissected(name):
    """(packet, command, stream, length) of each frame, and the requirements that
    expert items name."""
    out = tshark(name, "-Y", "anytls", "-T", "fields", "-E", "occurrence=a", "-e", "frame.number",
                 "-e", "anytls.command", "-e", "anytls.stream", "-e", "anytls.length",
                 "-e", "_ws.expert.message")
    frames, said = [], set()
    for line in out.splitlines():
        number, *columns, messages = line.split("\t")
        said |= set(re.findall(r"AT-[A-Z0-9]+-\d+", messages))
        columns = [c.split(",") if c else [] for c in columns]
        for row in zip(*columns):
            frames.append((int(number),) + tuple(int(x, 0) for x in row))
    return frames, said


def judged(build, name, args):
    """The same by check-pcap; a length of None is one that it does not tell."""
    argv = [os.path.join(build, "anytls-conform"), "check-pcap", "-vv", "--color", "never",
            os.path.join(SAMPLES, name + ".pcapng"), *args]
    out = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False).stdout
    frames, findings = [], set()
    for line in out.splitlines():
        m = re.match(r"session \d+  packet (\d+)  [<>] (.*)$", line)
        if m:
            frames.append((int(m.group(1)),) + parse(m.group(2)))
        m = re.match(r"(?:FAIL|WARN|INFO) session/\d+/(\S+)", line)
        if m:
            findings.add(m.group(1))
    return frames, findings


def parse(text):
    m = re.match(r"command (\d+) on (\d+)(?: \((\d+)\))?$", text)
    if m:
        return int(m.group(1)), int(m.group(2)), int(m.group(3) or 0)
    m = re.match(r"(\w+)(?: (\d+))?(?: \((\d+)\)| \"(.*)\")?$", text)
    length = int(m.group(3) or 0) if m.group(4) is None else None
    return NAMES.index(m.group(1)), int(m.group(2) or 0), length


def known_rules():
    with open(LUA) as f:
        return set(re.findall(r"AT-[A-Z0-9]+-\d+", f.read()))


def same(a, b):
    """A frame over several records is shown where it ends, and judged where it
    begins."""
    return len(a) == len(b) and all(
        x[1:3] == y[1:3] and (y[3] is None or x[3] == y[3]) and
        (x[0] == y[0] or x[0] > y[0] and x[3] > 1000) for x, y in zip(a, b))


def check(build, name):
    wrong = []
    frames, findings = judged(build, name, arguments(name))
    got, said = dissected(name)
    if not same(got, frames):
        at = next((i for i, (x, y) in enumerate(zip(got, frames)) if not same([x], [y])),
                  min(len(got), len(frames)))
        wrong.append("frame %d: tshark %s, check-pcap %s (%d and %d frames)" % (
            at, got[at:at + 1], frames[at:at + 1], len(got), len(frames)))
    for rule in sorted(findings & known_rules() - said):
        wrong.append("no expert item for " + rule)
    for rule in sorted(said - findings):
        wrong.append("an expert item for %s, which check-pcap does not find" % rule)
    return wrong, len(frames)


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build", "none")
    names = sys.argv[2:] or sorted(n[:-4] for n in os.listdir(SAMPLES) if n.endswith(".txt"))
    rows = [r for r in FIELDS if r[0] in names]
    if shutil.which("tshark") is None:
        print("tshark is not installed\n0 passed, 0 failed, %d skipped" % (len(names) + len(rows)))
        return 0
    passed = failed = total = 0
    for name in names:
        try:
            wrong, n = check(build, name)
            total += n
        except AssertionError as e:
            wrong = [str(e)]
        failed += bool(wrong)
        passed += not wrong
        if wrong:
            print("FAIL %s\n    %s" % (name, "\n    ".join(wrong)))
    for name, field, value in rows:
        out = tshark(name, "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=|", "-e", field)
        values = [v for line in out.splitlines() for v in line.split("|") if v]
        good = bool(values) if value is None else value in values
        failed += not good
        passed += good
        if not good:
            print("FAIL %s: %s is %s, not %s" % (name, field, values[:5], value))
    if total == 0 and len(sys.argv) < 3:
        print("no frame was compared")
        failed += 1
    print("%d frames compared\n%d passed, %d failed, 0 skipped" % (total, passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
