#!/usr/bin/env python3
"""Hostile captures: samples cut at many places, with bytes changed, and with
secrets that do not fit, end in a sentence and a code of the contract, never in a
crash or a hang. Ends with "N passed, N failed". Arguments: BUILD, SEED."""
import os
import random
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SAMPLES = os.path.join(ROOT, "pcap", "samples")
NAMES = ["reference", "scheme-update", "udp-packet", "tls12", "cooked", "bad-client-three-records"]
CODES = (0, 1, 4, 5, 6)


def run(build, path):
    """What is wrong with how check-pcap ended; None when nothing is."""
    try:
        p = subprocess.run([os.path.join(build, "anytls-conform"), "check-pcap", path],
                           capture_output=True, timeout=30, check=False)
    except subprocess.TimeoutExpired:
        return "it hangs"
    if p.returncode not in CODES:
        return "exit %d: %.2000s" % (p.returncode, p.stderr.decode("utf-8", "replace"))
    said = p.stderr.decode("utf-8", "strict").splitlines()
    if p.returncode >= 4 and (len(said) != 1 or not said[0].startswith("anytls-conform: ")):
        return "exit %d with %r" % (p.returncode, said)
    return None


def other_keys(data):
    """The last digit of each secret in the file changed."""
    out, at = bytearray(data), 0
    while True:
        at = out.find(b"\n", at + 1)
        if at < 0:
            return bytes(out)
        if out[at - 1:at].isalnum() and out[at - 64:at].isalnum():
            out[at - 1] = ord("0") if out[at - 1] != ord("0") else ord("1")


def variants(data, rng):
    for at in range(0, len(data), max(1, len(data) // 60)):
        yield "cut at %d" % at, data[:at]
    for i in range(60):
        out = bytearray(data)
        for _ in range(rng.choice((1, 3, 30))):
            out[rng.randrange(len(out))] = rng.randrange(256)
        yield "bytes changed, %d" % i, bytes(out)
    for i in range(20):
        a, b = sorted(rng.randrange(len(data)) for _ in range(2))
        yield "without %d to %d" % (a, b), data[:a] + data[b:]
    yield "other keys", other_keys(data)


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build", "none")
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 30)
    rng = random.Random(seed)
    passed = failed = 0
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "x.pcapng")
        for name in NAMES:
            with open(os.path.join(SAMPLES, name + ".pcapng"), "rb") as f:
                data = f.read()
            for what, bad in variants(data, rng):
                with open(path, "wb") as f:
                    f.write(bad)
                wrong = run(build, path)
                passed += wrong is None
                failed += wrong is not None
                if wrong:
                    print("FAIL %s, %s (seed %d): %s" % (name, what, seed, wrong))
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
