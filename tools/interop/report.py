"""The matrix and the suite's results as text, JSON and HTML."""
import fnmatch
import html
import json
import os

MARK = {"pass": ".", "differs": "~", "fail": "X", "skip": "-"}
LEGEND = ". works   ~ works, but not as the text asks   X fails   - does not apply"


def fits(b, role, cell, other):
    scenario = cell["scenario"]
    if cell["remark"].startswith("as with small"):
        scenario = "small"
    return b["role"] == role and \
        any(fnmatch.fnmatchcase(scenario, s) for s in b["scenarios"]) and \
        any(fnmatch.fnmatchcase(other, p) for p in b.get("peers", ["*"])) and \
        not any(fnmatch.fnmatchcase(other, p) for p in b.get("not", []))


def reason(cell, peers, suites):
    """Why a cell is red: what descriptions say, checked against the suite.
    Both sides may have a part in it."""
    out, seen = [], []
    for role in ("client", "server"):
        peer = peers[cell[role]]
        other = cell["server" if role == "client" else "client"]
        for b in peer.because:
            if not fits(b, role, cell, other):
                continue
            text = f"{role} {peer.name}: {b['text']}"
            case = b.get("case")
            status = suites.get((peer.name, role), {}).get("status", {})
            if case and case in status:
                good = status[case] in ("pass", "skip", "xpass")
                text += f" ({'but ' if good else ''}{case}: {status[case]})"
                seen.append(not good)
            elif case:
                text += f" ({case})"
            out.append(text)
            break
    return "; ".join(out) or None, all(seen) if seen else None


def explain(cells, peers, suites):
    for c in cells:
        if c["status"] in ("fail", "differs"):
            c["reason"], c["reason_seen"] = reason(c, peers, suites)


def by_pair(cells):
    out = {}
    for c in cells:
        out.setdefault((c["client"], c["server"]), {})[c["scenario"]] = c
    return out


def marks(pair, scenarios):
    return "".join(MARK[pair[s]["status"]] if s in pair else " "
                   for s in scenarios)


def text(run):
    out = [f"interoperability, {run['date']}, {run['seconds']} s", ""]
    for p in run["peers"]:
        state = p["absent"] or "here"
        out.append(f"  {p['name']:<14} {p['version']:<10} {state}")
    cells, names = by_pair(run["cells"]), run["scenarios"]
    if cells:
        out += ["", "clients (rows) and servers (columns); each letter is a "
                "scenario, in this order:", "  " + " ".join(names),
                "  " + LEGEND, ""]
        out += table(cells, names)
        out += [""] + remarks(run["cells"])
    out += suite_lines(run["suites"])
    return "\n".join(out) + "\n"


def table(cells, names):
    clients = list(dict.fromkeys(c for c, _ in cells))
    servers = list(dict.fromkeys(s for _, s in cells))
    width = max(len(names), *(len(s) for s in servers)) + 1
    out = [" " * 15 + "".join(s.ljust(width) for s in servers)]
    for c in clients:
        out.append(c.ljust(15) + "".join(
            marks(cells.get((c, s), {}), names).ljust(width)
            for s in servers).rstrip())
    return out


def remarks(cells):
    """What is red, together where client, scenario and remark are one."""
    red = [c for c in cells if c["status"] in ("fail", "differs")]
    out = []
    for c in red:
        mark = MARK[c["status"]]
        out.append(f"{mark} {c['client']} -> {c['server']}, {c['scenario']}: "
                   f"{c['remark']}")
        if c.get("reason"):
            out.append(f"    because {c['reason']}")
    return out


def suite_lines(suites):
    if not suites:
        return []
    out = ["", "the suite against each:"]
    for s in suites:
        e = s["end"]
        counts = "  ".join(f"{k} {e[k]}" for k in (
            "run", "pass", "fail", "crash", "warn", "info", "xfail", "xpass",
            "skip", "error") if e.get(k))
        out.append(f"  {s['peer']:<14} {s['role']:<7} exit {s['exit']}  "
                   f"{s['seconds']:6.1f} s  {counts}")
        if s.get("said"):
            out.append("      " + s["said"].splitlines()[-1])
    return out


STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:80em;
padding:0 1em;color:#222}table{border-collapse:collapse;margin:1em 0}
th,td{border:1px solid #ccc;padding:.3em .5em;text-align:left;
vertical-align:top}th{background:#f3f3f3;font-weight:600}
a.c{display:inline-block;width:.62em;height:1.05em;margin:0 1px;
text-decoration:none}.pass{background:#58a65c}.differs{background:#e8b33c}
.fail{background:#c8362b}.skip{background:#ddd}.n{white-space:nowrap}
code{background:#f3f3f3;padding:0 .2em}h3{margin-bottom:.2em}
span.c{display:inline-block;width:.8em;height:.8em}
"""


def page(run):
    e = html.escape
    names, cells = run["scenarios"], by_pair(run["cells"])
    clients = list(dict.fromkeys(c for c, _ in cells))
    servers = list(dict.fromkeys(s for _, s in cells))
    out = ["<!doctype html><html lang=en><meta charset=utf-8>"
           "<meta name=viewport content='width=device-width'>"
           f"<title>AnyTLS interoperability</title><style>{STYLE}</style>",
           f"<h1>AnyTLS interoperability</h1><p>{e(run['date'])}, "
           f"{run['seconds']} s. Each bar is a scenario: ",
           ", ".join(f"<code>{e(n)}</code>" for n in names),
           ".</p><p>" + " ".join(
               f"<span class='c {k}'></span> {t}" for k, t in (
                   ("pass", "works"), ("differs", "works, but not as the "
                    "text asks"), ("fail", "fails"),
                   ("skip", "does not apply"))) + "</p>",
           "<table><tr><th>client \\ server</th>"]
    out += [f"<th>{e(s)}</th>" for s in servers]
    for c in clients:
        out.append(f"<tr><th>{e(c)}</th>")
        out += [f"<td class=n>{bars(cells.get((c, s), {}), names)}</td>"
                for s in servers]
    out += ["</table>", peers_html(run["peers"]), suites_html(run["suites"]),
            reds_html(run["cells"])]
    return "".join(out)


def anchor(c):
    return f"{c['client']}+{c['server']}+{c['scenario']}"


def bars(pair, names):
    e = html.escape
    return "".join(
        f"<a class='c {pair[n]['status']}' title=\"{e(n)}: "
        f"{e(pair[n]['remark'] or pair[n]['status'])}\" "
        f"href=\"#{e(anchor(pair[n]))}\"></a>" for n in names if n in pair)


def peers_html(peers):
    e = html.escape
    rows = "".join(
        f"<tr><td>{e(p['name'])}<td>{e(p['version'])}<td>{e(p['about'])}"
        f"<td>{e(p['absent'] or 'yes')}" for p in peers)
    return "<h2>Implementations</h2><table><tr><th>name<th>version<th>" \
        f"what<th>ran</tr>{rows}</table>"


def suites_html(suites):
    if not suites:
        return ""
    e = html.escape
    out = ["<h2>The suite against each</h2><table><tr><th>name<th>role<th>"
           "exit<th>seconds<th>run<th>pass<th>fail<th>crash<th>warn<th>xfail"
           "<th>skip<th>findings</tr>"]
    for s in suites:
        end = s["end"]
        ids = ", ".join(f"<code title=\"{e(str(f['actual']))}\">{e(f['id'])}"
                        f"</code> {e(f['status'])}" for f in s["findings"])
        out.append(f"<tr><td>{e(s['peer'])}<td>{s['role']}<td>{s['exit']}"
                   f"<td>{s['seconds']}" + "".join(
                       f"<td>{end.get(k, '')}" for k in (
                           "run", "pass", "fail", "crash", "warn", "xfail",
                           "skip")) +
                   f"<td><details><summary>{len(s['findings'])}</summary>"
                   f"{ids}</details>")
    return "".join(out) + "</table>"


def reds_html(cells):
    e = html.escape
    out = ["<h2>What does not work, and why</h2>"]
    for c in cells:
        if c["status"] not in ("fail", "differs"):
            continue
        out.append(f"<p id=\"{e(anchor(c))}\"><span class='c {c['status']}'>"
                   f"</span> <b>{e(c['client'])}</b> with <b>"
                   f"{e(c['server'])}</b>, <code>{e(c['scenario'])}</code>: "
                   f"{e(c['remark'])}")
        out.append(f"<br>Because {e(c['reason'])}</p>" if c.get("reason")
                   else "</p>")
    return "".join(out)


def write(run, folder):
    """All three, each whole or not at all."""
    for name, content in (
            ("interop.txt", text(run)), ("interop.html", page(run)),
            ("interop.json", json.dumps(run, indent=1))):
        path = os.path.join(folder, name)
        with open(path + ".tmp", "w", encoding="utf-8") as f:
            f.write(content)
        os.replace(path + ".tmp", path)
