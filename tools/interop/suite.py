"""Runs the suite against a real implementation and keeps what it found."""
import json
import os
import subprocess
import sys
import time

from peers import HERE

# What descriptions call otherwise than the suite's placeholders.
SUITE_NAMES = {"server": {"{scheme}": "{padding_scheme}"},
               "client": {"{udp}": "packet"}}
RED = ("fail", "crash", "warn", "xpass", "error", "flaky")


def known_file(peer):
    path = os.path.join(HERE, "known", f"{peer.name}.txt")
    return path if os.path.exists(path) else None


def command(peer, role, folder):
    """The suite's command for a peer; launch only where a file is needed."""
    r = peer.roles[role]
    if "config" not in r and "env" not in r:
        cmd = r["command"].replace("{bin}", peer.folder)
        for ours, suites in SUITE_NAMES[role].items():
            cmd = cmd.replace(ours, suites)
        return cmd
    launch = f"{sys.executable} -S -E {HERE}/launch --peer " \
             f"{peer.name}={peer.folder} --dir "
    if role == "server":
        return launch + f"{folder} {peer.name} server -l {{listen}} " \
            "-p {password} --cert {cert} --key {key} " \
            "[ --padding-scheme {padding_scheme} ]"
    return launch + f"{{case_dir}} {peer.name} client -l {{socks}} " \
        "-s {server} -p {password} --sni {sni} --ca {ca}"


def argv(peer, role, cfg, folder):
    cmd = command(peer, role, folder)
    a = [cfg.conform] + (["client"] if role == "client" else ["--sut", cmd])
    a += ["--format", "jsonl", "--ready-timeout", "40s",
          "--deadline", f"{cfg.suite_limit:g}s"] + cfg.suite_args
    settle = peer.roles[role].get("settle", 0)
    a += ["--settle", f"{settle:g}s"] if settle else []
    known = known_file(peer)
    if known and not cfg.ignore_known:
        # Strict: a warning that is not listed is a change, too.
        a += ["--strict", "--known-failures", known]
    return a + (["--"] + cmd.split() if role == "client" else [])


def finish(p, limit):
    """The exit code; None when it took too long.  It ends its peers itself,
    so it is told once, and in time."""
    try:
        return p.wait(limit)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if p.poll() is None:
            p.terminate()
            try:
                p.wait(20)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()


def run(peer, role, cfg):
    """One run; its events are kept in a file.  Returns the summary."""
    folder = os.path.join(cfg.out, "suite")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"{peer.name}.{role}.jsonl")
    config = os.path.join(folder, "config", peer.name)
    start = time.monotonic()
    with open(path, "wb") as out, open(path[:-6] + ".err", "wb") as err:
        code = finish(subprocess.Popen(
            argv(peer, role, cfg, config), stdout=out, stderr=err,
            stdin=subprocess.DEVNULL, start_new_session=True),
            cfg.suite_limit + 60)
    s = read(path)
    s.update(peer=peer.name, version=peer.version, role=role, exit=code,
             known=bool(known_file(peer)),
             seconds=round(time.monotonic() - start, 1))
    if code not in (0, 1):
        with open(path[:-6] + ".err", encoding="utf-8", errors="replace") as f:
            s["said"] = f.read().strip()[-300:]
    return s


def read(path):
    """Counts and findings of a run from its events."""
    end, findings, status = {}, [], {}
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            try:
                e = json.loads(line)
            except ValueError:
                continue        # the run was cut off
            if e.get("event") == "run_end":
                end = e
            if e.get("event") != "test_end":
                continue
            status[e["id"]] = e["status"]
            if e["status"] in RED + ("xfail",):
                findings.append({k: e.get(k) for k in (
                    "id", "status", "requirements", "level", "basis",
                    "expected", "actual")})
    return {"end": end, "findings": findings, "status": status}
