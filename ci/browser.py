#!/usr/bin/env python3
"""The HTML report in a real browser: browser.py REPORT.html [SCREENSHOTS]

Drives headless Chromium through chromedriver: filters, search, keys, drawings,
the width of a phone, and that the page asks for nothing and complains of
nothing. With a folder as second argument screenshots are left there. Where
there is no Chromium that is a counted skip. Ends with "N passed, N failed".
"""
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic",
    "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars",
    "--disable-dev-shm-usage",
]
LOGS = {"browser": "ALL", "performance": "ALL"}
ENTER, ESCAPE = "\ue007", "\ue00c"


class Browser:
    """A WebDriver session: https://www.w3.org/TR/webdriver2/"""

    def __init__(self, driver, chromium, folder):
        for _ in range(3):
            self.process = subprocess.Popen(
                [driver, "--port=0"], stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, text=True)
            port = self.port()
            if port:
                break
        else:
            raise SystemExit("browser: chromedriver did not start")
        self.base = "http://127.0.0.1:%d" % port
        options = {"binary": chromium,
                   "args": FLAGS + ["--user-data-dir=" + folder]}
        answer = self.call("POST", "/session", {"capabilities": {
            "alwaysMatch": {"goog:chromeOptions": options,
                            "goog:loggingPrefs": LOGS}}})
        self.base += "/session/" + answer["sessionId"]

    def port(self):
        for line in self.process.stdout:
            if "successfully on port" in line:
                return int(line.split("on port")[1].strip(" .\n"))
        self.process.wait(10)
        return None

    def call(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(
            self.base + path, data, {"Content-Type": "application/json"},
            method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def open(self, url):
        self.call("POST", "/url", {"url": url})

    def js(self, script, *args):
        return self.call("POST", "/execute/sync",
                         {"script": "return " + script, "args": list(args)})

    def until(self, script, wanted, seconds=10):
        """What SCRIPT gives, once it is WANTED or the time is over: some events
        come after the call that causes them."""
        end = time.monotonic() + seconds
        while (got := self.js(script)) != wanted and time.monotonic() < end:
            time.sleep(0.05)
        return got

    def keys(self, text):
        actions = []
        for c in text:
            actions += [{"type": "keyDown", "value": c},
                        {"type": "keyUp", "value": c}]
        self.call("POST", "/actions", {"actions": [
            {"type": "key", "id": "keyboard", "actions": actions}]})

    def size(self, width, height):
        self.call("POST", "/goog/cdp/execute", {
            "cmd": "Emulation.setDeviceMetricsOverride",
            "params": {"width": width, "height": height, "mobile": False,
                       "deviceScaleFactor": 1}})

    def theme(self, name):
        self.call("POST", "/goog/cdp/execute", {
            "cmd": "Emulation.setEmulatedMedia", "params": {"features": [
                {"name": "prefers-color-scheme", "value": name}]}})

    def log(self, kind):
        return self.call("POST", "/se/log", {"type": kind})

    def shot(self, path):
        with open(path, "wb") as f:
            f.write(base64.b64decode(self.call("GET", "/screenshot")))

    def close(self):
        try:
            self.call("DELETE", "")
        except OSError:
            pass
        self.process.terminate()
        self.process.wait(10)


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def that(self, name, fact, seen=""):
        self.passed += bool(fact)
        self.failed += not fact
        print(("ok " if fact else "FAIL ") + name +
              ("" if fact else ": %r" % (seen,)))


SHOWN = "document.querySelectorAll('#list .case').length"
FOCUS = "document.activeElement.closest('.case')?.id"


def click(b, selector):
    b.js("document.querySelector(arguments[0]).click()", selector)


def check_filters(b, c, data):
    tests = data["tests"] + data["findings"]
    quiet = ("pass", "skip", "blocked")
    findings = sum(t["status"] not in quiet for t in tests)
    c.that("findings come first",
           b.js(SHOWN) == (findings or min(800, len(tests))), b.js(SHOWN))
    click(b, "#reset")
    c.that("show all", b.js(SHOWN) == min(800, len(tests)), b.js(SHOWN))
    click(b, "#chips [data-status=pass]")
    want = sum(t["status"] == "pass" for t in tests)
    c.that("a status", b.js(SHOWN) == min(800, want), b.js(SHOWN))
    c.that("a chip says that it is pressed", b.js(
        "document.querySelector('#chips [data-status=pass]').ariaPressed")
        == "true")
    click(b, "#reset")
    for name in ("level", "basis", "area"):
        value = tests[-1].get(name) or tests[0][name]
        b.js("(() => { const s = document.getElementById(arguments[0]);"
             "s.value = arguments[1];"
             "s.dispatchEvent(new Event('change')); })()", name, value)
        want = sum(t.get(name) == value for t in tests)
        c.that(f"filter by {name}", b.js(SHOWN) == min(800, want),
               (value, b.js(SHOWN), want))
        click(b, "#reset")


def check_search(b, c, data):
    word = data["tests"][-1]["id"].split("/")[-1]
    b.keys("/")
    c.that("/ goes to the search",
           b.js("document.activeElement.id") == "search")
    b.keys(word)
    got = b.js(SHOWN)
    c.that("search", 1 <= got < len(data["tests"]), (word, got))
    c.that("search finds the case", b.js(
        "[...document.querySelectorAll('#list .id')].some("
        "n => n.textContent === arguments[0])", data["tests"][-1]["id"]))
    b.keys("zzzqqq")
    c.that("search without a match", b.js(SHOWN) == 0)
    b.keys(ESCAPE)
    c.that("Esc empties the search",
           b.js("document.getElementById('search').value") == "" and
           b.js(SHOWN) > 1)


def check_keys(b, c):
    b.js("document.activeElement.blur()")
    b.keys("j")
    first = b.js(FOCUS)
    b.keys("j")
    second = b.js(FOCUS)
    c.that("j goes on", first and second and first != second)
    b.keys("k")
    c.that("k goes back", b.js(FOCUS) == first)
    b.keys(ENTER)
    c.that("Enter opens a case",
           b.js("document.activeElement.parentElement.open") is True)
    hash_of = "#" + first.replace("case-", "case=", 1)
    shown = b.until("location.hash", hash_of)
    c.that("an open case is in the address", shown == hash_of, shown)
    b.keys("2")
    c.that("2 shows the requirements",
           b.js("!document.getElementById('panel-reqs').hidden"))
    c.that("requirements are there", b.js(
        "document.querySelectorAll('#req-list .row').length") > 10)
    b.keys("3")
    c.that("3 shows the run", b.js(
        "document.querySelectorAll('#run dt').length") > 8)
    b.keys("1")
    b.keys("?")
    c.that("? shows the keys", b.js("document.getElementById('help').open"))
    b.keys(ESCAPE)


def open_case(b, test):
    b.js("(() => { location.hash = arguments[0]; })()", "case=" + test["id"])
    time.sleep(0.3)


def check_drawings(b, c, data):
    told = next((t for t in data["tests"] if t["transcript"] and t.get("bytes")
                 and t["status"] not in ("pass", "skip")), None)
    if told:
        open_case(b, told)
        here = f"[...document.querySelectorAll('.case[open]')].find(n => n.id === 'case-{told['id']}')"
        c.that("a case can be linked to", b.js(f"{here} !== undefined"))
        arrows = sum(l["text"].startswith(("→ [", "← ["))
                     for l in told["transcript"][-80:])
        c.that("an arrow for each record", b.js(
            f"{here}.querySelectorAll('svg path.arrow').length") == arrows,
            arrows)
        c.that("frames in the records", b.js(
            f"{here}.querySelectorAll('svg rect.frame').length") > 0)
        c.that("bytes", b.js(f"{here}.querySelectorAll('.hex tr').length") > 0)
        c.that("the quote of the requirement", b.js(
            f"{here}.querySelector('blockquote').textContent.length") > 20)
        c.that("what was expected and seen", told["actual"] in b.js(
            f"{here}.querySelector('.cmp').textContent"))
    plotted = next((t for t in data["tests"] if t.get("samples")), None)
    if plotted:
        open_case(b, plotted)
        here = f"document.getElementById('case-{plotted['id']}')"
        c.that("a dot for each record in the plot", b.js(
            f"{here}.querySelectorAll('.plot .dot').length") ==
            len(plotted["samples"]))
        c.that("drawings have names", b.js(
            f"[...{here}.querySelectorAll('svg')].every(s => s.ariaLabel)"))


def check_labels(b, c):
    nameless = b.js(
        "[...document.querySelectorAll('button,input,select')].filter(n =>"
        "!(n.textContent.trim() || n.labels?.length || n.ariaLabel)).length")
    c.that("every control has a name", nameless == 0, nameless)
    c.that("one h1, a language and a title", b.js(
        "document.querySelectorAll('h1').length === 1 &&"
        "document.documentElement.lang === 'en' && document.title !== ''"))


def check_widths(b, c, folder):
    for theme in ("light", "dark"):
        b.theme(theme)
        colour = b.js("getComputedStyle(document.body).backgroundColor")
        dark = sum(map(int, colour[4:-1].split(","))) < 200
        c.that(f"the theme is {theme}", dark == (theme == "dark"), colour)
        for width, height in ((1200, 900), (360, 740)):
            b.size(width, height)
            time.sleep(0.3)
            wide = b.js("document.documentElement.scrollWidth")
            c.that(f"nothing wider than {width} pixels, {theme}",
                   wide <= width, wide)
            if folder:
                b.shot(f"{folder}/{theme}-{width}.png")


def check_quiet(b, c, url):
    said = [e["message"] for e in b.log("browser")
            if e["level"] in ("SEVERE", "WARNING")]
    c.that("no error on the console", not said, said)
    asked = []
    for entry in b.log("performance"):
        event = json.loads(entry["message"])["message"]
        if event["method"] == "Network.requestWillBeSent":
            asked.append(event["params"]["request"]["url"])
    asked = {a for a in asked if not a.startswith(("data:", url))}
    c.that("the page asks for nothing", not asked, asked)


def main():
    page = os.path.abspath(sys.argv[1])
    folder = sys.argv[2] if len(sys.argv) > 2 else None
    driver = shutil.which("chromedriver")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not driver or not chromium:
        print("browser: skipped: no chromium with chromedriver here")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    with open(page, encoding="utf-8") as f:
        text = f.read()
    start = text.index('id="results">') + len('id="results">')
    data = json.loads(text[start:text.index("</script>", start)])
    c = Checks()
    home = tempfile.mkdtemp()
    b = Browser(driver, chromium, home)
    try:
        url = "file://" + page
        b.size(1200, 900)
        b.open("about:blank")
        b.log("performance")
        b.open(url)
        check_filters(b, c, data)
        check_search(b, c, data)
        check_keys(b, c)
        check_drawings(b, c, data)
        check_labels(b, c)
        check_widths(b, c, folder)
        c.that("no markup of a peer",
               b.js("document.querySelectorAll('#list script, #list img,"
                    " #list iframe').length === 0 && !window.hacked"))
        check_quiet(b, c, url)
    finally:
        b.close()
        shutil.rmtree(home, ignore_errors=True)
    print(f"{c.passed} passed, {c.failed} failed")
    return 1 if c.failed else 0


if __name__ == "__main__":
    sys.exit(main())
