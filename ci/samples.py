#!/usr/bin/env python3
"""Each sample of pcap/samples is judged as the text beside it says: exit code,
findings, what is not judged and why, how many sessions there are, and in which
TLS. Ends with
"N passed, N failed". More arguments: the names of samples."""
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUT = os.path.join(ROOT, "pcap", "samples")


def expected(path):
    want = {"args": [], "exit": None, "sessions": None, "tls": None, "contains": "",
            "finding": [], "skip": []}
    with open(path) as f:
        for line in f:
            key, _, value = line.rstrip("\n").partition(": ")
            if line.startswith("check-pcap FILE"):
                want["args"] = line.split(" must say")[0].split()[2:]
            elif key in ("exit", "sessions"):
                want[key] = int(value)
            elif key in ("tls", "contains"):
                want[key] = value
            elif key in ("finding", "skip"):
                want[key].append(value)
    return want


def judge(build, name, want):
    """What is not as it must be, in lines."""
    argv = [os.path.join(build, "anytls-conform"), "check-pcap", "--format", "jsonl",
            os.path.join(OUT, name + ".pcapng")] + want["args"]
    p = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    findings, skips, sessions, tls = [], [], set(), set()
    for line in p.stdout.splitlines():
        e = json.loads(line)
        if e["event"] != "test_end":
            continue
        sessions.add(e["id"].split("/")[1])
        tls.update(o for o in e["observations"] if o.startswith("TLS "))
        if e["status"] == "skip":
            skips.append(e["class"])
        elif e["status"] != "pass":
            findings.append(e["status"] + " " + e["requirements"][0])
    wrong = []
    if p.returncode != want["exit"]:
        wrong.append("exit %d, not %s: %s" % (p.returncode, want["exit"], p.stderr.strip()))
    if sorted(set(findings)) != sorted(want["finding"]):
        wrong.append("findings %s, not %s" % (sorted(set(findings)), sorted(want["finding"])))
    if sorted(set(skips)) != sorted(want["skip"]):
        wrong.append("skips %s, not %s" % (sorted(set(skips)), sorted(want["skip"])))
    if tls != {want["tls"]}:
        wrong.append("%s, not %s" % (sorted(tls), want["tls"]))
    with open(os.path.join(OUT, name + ".pcapng"), "rb") as f:
        if bytes.fromhex(want["contains"]) not in f.read():
            wrong.append("%s is not in it" % want["contains"])
    if want["sessions"] is not None and len(sessions) != want["sessions"]:
        wrong.append("%d sessions, not %d" % (len(sessions), want["sessions"]))
    return wrong


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build", "none")
    names = sys.argv[2:] or sorted(n[:-4] for n in os.listdir(OUT) if n.endswith(".txt"))
    passed = failed = 0
    for name in names:
        wrong = judge(build, name, expected(os.path.join(OUT, name + ".txt")))
        if wrong:
            failed += 1
            print("FAIL %s\n    %s" % (name, "\n    ".join(wrong)))
        else:
            passed += 1
    if passed + failed == 0:
        print("samples: there are none")
        failed = 1
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
