"""The tables of the broken peers, conformance/anytls/broken/*.tsv, for the
scripts beside this file."""

import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BROKEN = os.path.join(ROOT, "conformance/anytls/broken")


def read_table(name):
    """Rows by heading; "-" is nothing."""
    with open(os.path.join(BROKEN, name), encoding="utf-8") as f:
        lines = [l.rstrip("\n") for l in f if l.strip() and l[0] != "#"]
    heads = lines[0].split("\t")
    rows = []
    for line in lines[1:]:
        cells = line.split("\t")
        if len(cells) != len(heads):
            sys.exit(f"{name}: {cells[0]}: {len(cells)} columns")
        rows.append({h: "" if c == "-" else c for h, c in zip(heads, cells)})
    return rows


def pattern(text):
    """'*' is one component of an id, '**' any number."""
    parts = re.split(r"(\*\*|\*)", text)
    made = {"**": ".*", "*": "[^/]*"}
    return re.compile("".join(made.get(p, re.escape(p)) for p in parts) + "$")


def words(text):
    return [w.strip() for w in text.split(",") if w.strip()]


def all_cases(role, build):
    """Ids of all cases of the role, also of those no run selects."""
    out = subprocess.run([f"{build}/anytls-conform", "list", "--json"],
                         stdout=subprocess.PIPE, check=True).stdout
    ids = {json.loads(l)["id"] for l in out.decode().splitlines() if l}
    return {i for i in ids if i.startswith(role + "/")}
