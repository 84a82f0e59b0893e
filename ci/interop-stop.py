#!/usr/bin/env python3
"""The driver of real peers ends what it has started when it is told to end:
interop-stop.py BUILD. In its matrix and in its runs of the suite, by SIGTERM
and by SIGINT. Ends with "N passed, N failed"."""
import os
import signal
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DEPTH = {"matrix": 1, "suite": 2}   # where the peers are, seen from the driver


def parents():
    """Process id -> parent, of all that run."""
    out = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="latin-1") as f:
                state, parent = f.read().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            out[int(pid)] = int(parent)
    return out


def below(pid):
    """(descendant, depth) of PID."""
    tree, found, depth = parents(), [], 0
    level = [pid]
    while level:
        depth += 1
        level = [c for c, p in tree.items() if p in level]
        found += [(c, depth) for c in level]
    return found


def started(driver, step):
    """Waits until peers run: their ids and those of all between."""
    end = time.monotonic() + 60
    while time.monotonic() < end and driver.poll() is None:
        found = below(driver.pid)
        if sum(d >= DEPTH[step] for _, d in found) >= 2:
            return [c for c, _ in found]
        time.sleep(0.05)
    return []


def check(build, step, signo, folder):
    """None, or what is wrong."""
    driver = subprocess.Popen(
        [os.path.join(TOP, "tools/interop/interop"), "--build", build,
         "-o", folder, "--only", "reference", "--no-install", "--no-progress",
         step], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        pids = started(driver, step)
        if not pids:
            return f"no peers were started, exit code {driver.poll()}"
        driver.send_signal(signo)
        code = driver.wait(30)
        left = set(pids) & set(parents())
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        if code != 2:
            return f"exit code {code}"
        return f"{len(left)} processes are left" if left else None
    except subprocess.TimeoutExpired:
        return "it goes on after 30 s"
    finally:
        if driver.poll() is None:
            driver.kill()
            driver.wait()


def main():
    build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build/none")
    failed = passed = 0
    for step in DEPTH:
        for signo in (signal.SIGTERM, signal.SIGINT):
            with tempfile.TemporaryDirectory() as folder:
                wrong = check(build, step, signo, folder)
            print("FAIL" if wrong else "ok  ", f"{signo.name} in the {step}",
                  wrong or "")
            failed, passed = failed + bool(wrong), passed + (not wrong)
    print(f"{passed} passed, {failed} failed")
    return failed != 0


sys.exit(main())
