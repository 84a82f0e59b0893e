"""Programs under test that misbehave as processes, whatever they speak."""
import os
import signal
import sys
import time

LATE = 1.2      # seconds in which "late" forgets what it is asked for


def behave(how):
    """What the process does before it serves; may not return."""
    if how == "exits":
        print("hostile: as planned", file=sys.stderr)
        sys.exit(3)
    if how == "exits-well":
        sys.exit(0)
    if how == "no-port":
        time.sleep(60)
    if how == "stays":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if how == "prints":         # 8 MB on either output
        for out in (1, 2):
            os.write(out, b"x" * 4000000 + b"\n")
            os.write(out, b"line %s %n\x1b[31m\n" * 230000)
    if how == "forks" and os.fork() == 0:
        os.setsid()             # keeps all that it has inherited
        time.sleep(15)
        os._exit(0)
