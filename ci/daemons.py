#!/usr/bin/env python3
"""Checks of the reference daemons below BUILD: daemons.py [BUILD [NAME...]]

What the options promise is tried by real runs on loopback, several at a time.
Ends with "N passed, N failed, N skipped".
"""
import concurrent.futures
import os
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
import client_checks  # noqa: E402
import peer  # noqa: E402
import server_checks  # noqa: E402


def check(name, fn, build, tmp):
    folder = os.path.join(tmp, name.replace(":", "-"))
    os.mkdir(folder)
    start = time.monotonic()
    try:
        fn(server_checks.Env(build, folder))
    except server_checks.Skip as why:
        return "skip", str(why), 0
    except Exception as why:  # any error is the check's failure
        text = str(why) if isinstance(why, peer.Failed) else traceback.format_exc(limit=-3)
        return "FAIL", text.strip(), time.monotonic() - start
    return "ok", "", time.monotonic() - start


def main(argv):
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    build = argv[1] if len(argv) > 1 else "build/none"
    todo = [(kind + fn.__name__, fn) for kind, m in
            (("server:", server_checks), ("client:", client_checks)) for fn in m.CHECKS]
    if len(argv) > 2:
        todo = [t for t in todo if any(n in t[0] for n in argv[2:])]
    count = {"ok": 0, "FAIL": 0, "skip": 0}
    with tempfile.TemporaryDirectory() as tmp, concurrent.futures.ThreadPoolExecutor(6) as pool:
        results = [(n, f, pool.submit(check, n, f, build, tmp)) for n, f in todo]
        for name, fn, result in results:
            verdict, why, took = result.result()
            count[verdict] += 1
            title = fn.__doc__.strip().splitlines()[0]
            slow = " (%.1f s)" % took if took > 3 else ""
            print("%s %s: %s%s" % (verdict, name.replace(":", " "), title, slow), flush=True)
            for line in why.splitlines():
                print("    " + line[:300])
    print("%d passed, %d failed, %d skipped" % (count["ok"], count["FAIL"], count["skip"]))
    return 1 if count["FAIL"] or not count["ok"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
