"""What is measured, and what is to be reached."""
import json
import os
import sys

# Name, kind, options of the load, and "reps" (at most so many repetitions),
# "only" (subjects it is for). Kinds: "server": straight at it; "pair": through a
# client's SOCKS5 port; "start": from the start of both; "crowd": beside so many
# idle sessions with a stream each ("crowd"), or with none ("pool"); "split": no
# peer at all.
HANDSHAKES = {"only": ("ref-rsa",)}
FEW = {"reps": 2}
TESTS = [
    ("split-1", "split", "--test split --frame 1", {}),
    ("split-64", "split", "--test split --frame 64", {}),
    ("down-1x1", "server", "--test down", {}),
    ("down-1x16", "server", "--test down --streams 16", {}),
    ("down-1x64", "server", "--test down --streams 64", FEW),
    ("down-1x256", "server", "--test down --streams 256", FEW),
    ("down-1x1000", "server", "--test down --streams 1000", FEW),
    ("down-16x1", "server", "--test down --sessions 16", {}),
    ("down-64x1", "server", "--test down --sessions 64", FEW),
    ("down-256x1", "server", "--test down --sessions 256", FEW),
    ("down-1000x1", "server", "--test down --sessions 1000", FEW),
    ("up-1x1", "server", "--test up", {}),
    ("up-1x16", "server", "--test up --streams 16", {}),
    ("up-1x64", "server", "--test up --streams 64", FEW),
    ("up-1x256", "server", "--test up --streams 256", FEW),
    ("up-1x1000", "server", "--test up --streams 1000", FEW),
    ("up-16x1", "server", "--test up --sessions 16", {}),
    ("up-1x1-f64", "server", "--test up --frame 64", {}),
    ("up-1x1-f256", "server", "--test up --frame 256", FEW),
    ("up-1x1-f1400", "server", "--test up --frame 1400", {}),
    ("up-1x1-f4096", "server", "--test up --frame 4096", FEW),
    ("down-1x4-stalled", "server", "--test down --streams 4 --stalled", FEW),
    ("open-1x1", "server", "--test open", {}),
    ("open-1x64", "server", "--test open --streams 64", {}),
    ("open-64x1", "server", "--test open --sessions 64", FEW),
    ("session-1", "server", "--test session", HANDSHAKES),
    ("session-32", "server", "--test session --sessions 32", HANDSHAKES),
    ("resumed-32", "server", "--test session --sessions 32 --resume", HANDSHAKES),
    ("ping-1x1", "server", "--test ping", {}),
    ("ping-1x64", "server", "--test ping --streams 64", FEW),
    ("ping-64x1", "server", "--test ping --sessions 64", FEW),
    ("ping-50x100", "server", "--test ping --sessions 50 --streams 100", FEW),
    ("ping-crowd-9500", "crowd", "--test ping", {"reps": 1, "crowd": 9500}),
    ("ping-pool-19000", "crowd", "--test ping", {"reps": 1, "pool": 19000}),
    ("ping-crowd-20000", "crowd", "--test ping", {"reps": 1, "crowd": 20000}),
    ("idle-0", "server", "--test idle", FEW),
    ("idle-1000x1", "server", "--test idle --sessions 1000", FEW),
    ("idle-5000x1", "server", "--test idle --sessions 5000", {"reps": 1}),
    ("idle-9500x1", "server", "--test idle --sessions 9500", {"reps": 1}),
    ("pool-19000", "server", "--test pool --sessions 19000", {"reps": 1}),
    ("idle-20000x1", "server", "--test idle --sessions 20000", {"reps": 1}),
    ("idle-1x1000", "server", "--test idle --streams 1000", FEW),
    ("idle-1x5000", "server", "--test idle --streams 5000", {"reps": 1}),
    ("pair-down-1", "pair", "--test down", {}),
    ("pair-down-16", "pair", "--test down --streams 16", {}),
    ("pair-down-64", "pair", "--test down --streams 64", FEW),
    ("pair-up-1", "pair", "--test up", {}),
    ("pair-up-16", "pair", "--test up --streams 16", {}),
    ("pair-up-64", "pair", "--test up --streams 64", FEW),
    ("pair-down-4-stalled", "pair", "--test down --streams 4 --stalled", FEW),
    ("pair-open-1", "pair", "--test open", FEW),
    ("pair-open-64", "pair", "--test open --streams 64", FEW),
    ("pair-ping-1", "pair", "--test ping", FEW),
    ("pair-ping-64", "pair", "--test ping --streams 64", FEW),
    ("first-byte", "start", "--test ping", {}),
]

def chosen(words):
    """The tests of WORDS: a name is that test alone, another word all that have
    it in their name; no words: all."""
    names = {t[0] for t in TESTS}
    return [t for t in TESTS if not words or
            any(w == t[0] or (w not in names and w in t[0]) for w in words)]


# Against a peer in the same run: what, test, figure, at least so many times
# better, whose figures on our side.
RATIOS = [
    ("server CPU per GB down, 1 stream", "down-1x1", "server_cpu", 2.0),
    ("server CPU per GB up, 1 stream", "up-1x1", "server_cpu", 2.5),
    ("server CPU per GB down, 16 sessions", "down-16x1", "server_cpu", 1.4),
    ("server CPU per GB up, 16 sessions", "up-16x1", "server_cpu", 1.4),
    ("MB/s down, 1 session", "down-1x1", "value", 1.8),
    ("MB/s up, 1 session", "up-1x1", "value", 1.8),
    ("MB/s up in 1400-byte frames", "up-1x1-f1400", "value", 8),
    ("MB/s up in 64-byte frames", "up-1x1-f64", "value", 80),
    ("streams opened per second, 64 at a time", "open-1x64", "value", 2.3),
    ("server CPU per stream opened", "open-1x64", "server_cpu", 2.5),
    ("server CPU per session, RSA-2048", "session-32", "server_cpu", 2.2, "ref-rsa"),
    ("server CPU per session, P-256", "session-32", "server_cpu", 4.0),
    ("ping p50, 1 stream", "ping-1x1", "value", 1.5),
    ("pair MB/s down, 1 stream", "pair-down-1", "value", 1.5),
    ("pair MB/s up, 1 stream", "pair-up-1", "value", 1.5),
    ("pair MB/s down, 16 streams", "pair-down-16", "value", 1.3),
    ("pair MB/s up, 16 streams", "pair-up-16", "value", 1.3),
    ("client CPU per GB down, 1 stream", "pair-down-1", "client_cpu", 1.25),
    ("client CPU per GB up, 1 stream", "pair-up-1", "client_cpu", 1.25),
    ("client CPU per GB down, 16 streams", "pair-down-16", "client_cpu", 1.25),
    ("client CPU per GB up, 16 streams", "pair-up-16", "client_cpu", 1.25),
]

# By itself: what, test, the test that is subtracted, divided by, unit, bound,
# and whether the figure must be at least (+) or at most (-) that.
BOUNDS = [
    ("RSS per idle session with a stream", "idle-5000x1", "idle-0", 5000, "KiB", 16, "-"),
    ("RSS per further idle stream", "idle-1x5000", "idle-0", 5000, "KiB", 1, "-"),
    ("RSS of the empty server", "idle-0", None, 1, "MiB", 8, "-"),
    ("start to first byte", "first-byte", None, 1, "ms", 20, "-"),
    ("frames walked per second, 1 byte each", "split-1", None, 1e6, "M/s", 300, "+"),
]


def results(path):
    """The file of a run; ends the program with a sentence when it is none."""
    try:
        with open(path, encoding="utf-8") as f:
            got = json.load(f)
        if not {"rows", "goals", "runs", "network"} <= got.keys():
            raise ValueError("not of tools/bench/run")
        return got
    except (OSError, ValueError, AttributeError) as e:
        sys.exit(f"{os.path.basename(sys.argv[0])}: {path} is no file of tools/bench/run: {e}")


def better(mine, theirs, key):
    """How many times better MINE is; None when a figure is missing."""
    a, b = mine.get(key), theirs.get(key)
    if not a or not b:
        return None
    more = mine["more"] if key == "value" else False
    return a / b if more else b / a


def goal(what, want, seen, sign):
    reached = None
    if seen is not None:
        reached = seen >= want if sign == "+" else seen <= want
    return {"goal": what, "want": want, "sign": sign, "seen": seen, "reached": reached}


def bounds(rows):
    found = []
    for what, test, base, count, unit, want, sign in BOUNDS:
        row = rows.get((test, "reference"), {})
        seen = row.get("value")
        if seen is not None and base is not None:
            less = rows.get((base, "reference"), {}).get("value")
            seen = None if less is None else (seen - less) * 1024
        if seen is not None:
            seen /= count
        found.append(dict(goal(what, want, seen, sign), unit=unit))
    return found


def ratios(rows, peer):
    found = []
    for what, test, key, want, *mine in RATIOS:
        a = rows.get((test, mine[0] if mine else "reference"), {})
        seen = better(a, rows.get((test, peer), {}), key)
        found.append(dict(goal(what, want, seen, "+"), unit="x", peer=peer))
    worst = [(better(row, rows[test, peer], key), f"{test} {key}")
             for (test, name), row in rows.items() if name == "reference"
             and (test, peer) in rows for key in ("value", "server_cpu", "client_cpu")]
    worst = [w for w in worst if w[0] is not None]
    if worst:
        seen, where = min(worst)
        found.append(dict(goal(f"the worst of all ratios ({where})", 1.0, seen, "+"),
                          unit="x", peer=peer))
    return found


def goals(rows, peer=None):
    """All goals with what was seen; ROWS are those of the table. Ratios are to
    PEER, None: there is none."""
    rows = {(r["test"], r["subject"]): r for r in rows}
    return bounds(rows) + (ratios(rows, peer) if peer else [])
