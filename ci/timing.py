#!/usr/bin/env python3
"""Whether the time of a refusal tells how much of a password's hash was right:
timing.py [BUILD [SAMPLES]]

Requests whose hash is wrong in the first byte, in the last one, or everywhere are
sent in random order, each on a connection of its own, and the time until the
server closes is compared by rank (Mann-Whitney, normal approximation; a z of 4
comes by chance once in 16000 comparisons). The smallest delay that would have been
noticed is measured, too, by adding it. Short requests are let wait as long,
whether they are the beginning of the right hash or not.
"""
import hashlib
import math
import os
import random
import statistics
import sys
import tempfile
import time

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
import peer  # noqa: E402
from server_checks import Env  # noqa: E402

LIMIT = 4.0
PASSWORD = "timing"
HASH = hashlib.sha256(PASSWORD.encode()).digest()
REST = bytes([0, 30]) + bytes(30)


def flip(data, i):
    return data[:i] + bytes([data[i] ^ 0x55]) + data[i + 1:]


KINDS = {
    "wrong first byte": lambda: flip(HASH, 0) + REST,
    "wrong last byte": lambda: flip(HASH, 31) + REST,
    "wrong altogether": lambda: os.urandom(32) + REST,
}
SHORT = {"right beginning": lambda: HASH[:20], "wrong beginning": lambda: os.urandom(20)}


def refusal(addr, request):
    """Seconds from the request to the server's end."""
    with peer.tls_to(addr) as s:
        s.settimeout(20)
        begun = time.perf_counter()
        s.sendall(request)
        try:
            while s.recv(4096):
                pass
        except OSError:
            pass
        return time.perf_counter() - begun


def z_score(a, b):
    """Of the ranks of A among those of A and B."""
    ranked = sorted([(x, 0) for x in a] + [(x, 1) for x in b])
    ranks = sum(i + 1 for i, (_, who) in enumerate(ranked) if who == 0)
    n, m = len(a), len(b)
    return (ranks - n * (n + m + 1) / 2) / math.sqrt(n * m * (n + m + 1) / 12)


def noticed(a, b):
    """The smallest delay of B, in microseconds, that turns out as one."""
    for us in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 20000):
        if abs(z_score(a, [x + us / 1e6 for x in b])) > LIMIT:
            return us
    return None


def measure(addr, kinds, samples):
    order = [k for k in kinds for _ in range(samples)]
    random.shuffle(order)
    got = {k: [] for k in kinds}
    for k in order:
        got[k].append(refusal(addr, kinds[k]()))
    return got


def compare(got):
    """Prints the comparison of all kinds with the first; how many differ."""
    names = list(got)
    bad = 0
    for other in names[1:]:
        a, b = got[names[0]], got[other]
        z, us = z_score(a, b), noticed(a, b)
        verdict = "ok" if abs(z) <= LIMIT and us is not None else "FAIL"
        bad += verdict == "FAIL"
        print("%s %s or %s: medians %.0f and %.0f us, z %.1f, %s would be noticed"
              % (verdict, names[0], other, 1e6 * statistics.median(a),
                 1e6 * statistics.median(b), z, us and "%d us" % us))
    return bad


def main(argv):
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    build = argv[1] if len(argv) > 1 else "build/none"
    samples = int(argv[2]) if len(argv) > 2 else 2000
    with tempfile.TemporaryDirectory() as tmp:
        with Env(build, tmp).server("--workers", "1", "--log-level", "error",
                                    password=PASSWORD) as s:
            measure(s.addr, KINDS, 20)
            failed = compare(measure(s.addr, KINDS, samples))
        with Env(build, tmp).server("--auth-timeout", "50ms", "--log-level", "error",
                                    password=PASSWORD) as s:
            failed += compare(measure(s.addr, SHORT, max(40, samples // 20)))
    print("%d passed, %d failed" % (3 - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
