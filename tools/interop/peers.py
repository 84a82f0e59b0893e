"""Descriptions of real implementations: read, check, find, install, start.

The format of a description is in docs/interop.md.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import time

try:
    import tomllib
except ImportError:
    sys.exit("interop: Python 3.11 or newer is needed (tomllib)")

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

TOP = {"name", "version", "about", "clock", "install", "check", "server",
       "client", "cannot", "because"}
INSTALL = {"go", "cargo", "build", "package", "flags", "env"}
ROLE = {"command", "config", "config_name", "settle", "udp", "env",
        "unsuited"}
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class PeerError(Exception):
    """Something about a description or an installation; one sentence."""


class Peer:
    """One description, and the folder where its programs were found."""

    def __init__(self, path):
        self.path = path
        try:
            with open(path, "rb") as f:
                d = tomllib.load(f)
        except (OSError, tomllib.TOMLDecodeError) as e:
            raise PeerError(f"{path}: {e}") from None
        self.check_keys(d, TOP, "")
        for key in ("name", "version"):
            if not isinstance(d.get(key), str):
                raise PeerError(f"{path}: {key} is missing or no text")
        self.name, self.version = d["name"], d["version"]
        self.about = d.get("about", "")
        self.install = d.get("install", {})
        self.check_keys(self.install, INSTALL, "install.")
        self.check = d.get("check")
        self.roles = {r: d[r] for r in ("server", "client") if r in d}
        for role, r in self.roles.items():
            self.check_keys(r, ROLE, role + ".")
            if not isinstance(r.get("command"), str):
                raise PeerError(f"{path}: {role}.command is missing")
        self.cannot = d.get("cannot", {})
        self.because = d.get("because", [])
        self.folder = None      # where the programs are, once found
        self.absent = None      # or why they are not

    def check_keys(self, table, known, prefix):
        for key in table:
            if key not in known:
                raise PeerError(f"{self.path}: unknown key {prefix}{key}")

    @property
    def id(self):
        return f"{self.name} {self.version}"

    def has_option(self, role, placeholder):
        """Whether the command or config of a role can be told something."""
        r = self.roles[role]
        return f"{{{placeholder}" in r["command"] + r.get("config", "")

    def command(self, role, values, folder):
        """argv and extra environment; a config file is written to folder."""
        r = self.roles[role]
        values = dict(values, bin=self.folder)
        scheme = values.get("scheme")
        text = ""
        if scheme:
            with open(scheme, encoding="utf-8", newline="") as f:
                text = f.read()
        values["scheme_json"] = json.dumps(text.splitlines())
        values["scheme_text_json"] = json.dumps(text)
        if "config" in r:
            # One for each instance: some keep files of their own there.
            port = values.get("socks_port") or values.get("port")
            values["dir"] = os.path.join(folder, f"{role}-{port}")
            os.makedirs(values["dir"], exist_ok=True)
            values["config"] = os.path.join(
                values["dir"], r.get("config_name", "config.json"))
            with open(values["config"], "w", encoding="utf-8") as f:
                f.write(self.fill(with_lines(r["config"], values), values))
        argv = [self.fill(w, values) for w in kept(r["command"], values)]
        env = {k: self.fill(v, values) for k, v in r.get("env", {}).items()}
        return argv, env

    def fill(self, text, values):
        def one(m):
            if m[1] not in values:
                raise PeerError(f"{self.path}: unknown placeholder {m[0]}")
            return values[m[1]] or ""
        return PLACEHOLDER.sub(one, text)

    def verify(self):
        """Checks that what stands in the folder is the version described."""
        if not self.check:
            return
        argv = [self.fill(w, {"bin": self.folder})
                for w in self.check["command"].split()]
        try:
            out = subprocess.run(argv, capture_output=True, timeout=20,
                                 check=False, text=True, errors="replace")
        except (OSError, subprocess.TimeoutExpired) as e:
            raise PeerError(f"{self.name}: {argv[0]}: {e}") from None
        said = out.stdout + out.stderr
        if not re.search(self.check["match"], said):
            first = said.strip().splitlines()[:1] or ["nothing"]
            raise PeerError(f"{self.name}: expected version {self.version}, "
                            f"but {' '.join(argv)} says: {first[0]}")


def kept(command, values):
    """Words of a command; those between [ and ] only if all have a value."""
    out, group = [], None
    for word in command.split():
        if word == "[":
            group = []
        elif word == "]":
            if all(values.get(p) for w in group for p in PLACEHOLDER.findall(w)):
                out += group
            group = None
        elif group is None:
            out.append(word)
        else:
            group.append(word)
    return out


def with_lines(config, values):
    """Without the lines that begin with {if_NAME} where NAME has no value."""
    out = []
    for line in config.splitlines():
        m = re.match(r"\{if_([a-z_]+)\}", line)
        if not m:
            out.append(line)
        elif values.get(m[1]):
            out.append(line[m.end():])
    return "\n".join(out) + "\n"


def load(folder=os.path.join(HERE, "peers")):
    """All descriptions in a folder, by name."""
    out = {}
    for f in sorted(os.listdir(folder)):
        if f.endswith(".toml"):
            p = Peer(os.path.join(folder, f))
            if p.name != f[:-5]:
                raise PeerError(f"{p.path}: its name is {p.name}")
            out[p.name] = p
    return out


def cache():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "anytls-conform", "peers")


def programs_in(folder):
    for f in (os.path.join(folder, "bin"), folder):
        if os.path.isdir(f) and any(
                os.access(os.path.join(f, x), os.X_OK) and
                os.path.isfile(os.path.join(f, x)) for x in os.listdir(f)):
            return f
    return None


def locate(peer, given, folders):
    """Sets peer.folder or peer.absent.  given: NAME -> path by --peer."""
    tried = []
    if peer.name in given:
        path = given[peer.name]
        tried.append(path)
        if os.path.isfile(path):
            path = os.path.dirname(os.path.abspath(path))
        found = os.path.isdir(path) and programs_in(path)
    else:
        found = None
        for f in folders + [os.path.join(cache(), f"{peer.name}-{peer.version}")]:
            path = f if f.startswith(cache()) else os.path.join(f, peer.name)
            tried.append(path)
            found = os.path.isdir(path) and programs_in(path)
            if found:
                break
    if not found:
        peer.absent = "no programs in " + " or ".join(tried)
        return
    peer.folder = os.path.abspath(found)
    try:
        peer.verify()
    except PeerError as e:
        peer.folder, peer.absent = None, str(e)


def install_command(peer, target):
    """argv, working folder, environment of the registry's own client."""
    i, env = peer.install, dict(os.environ)
    env.update(i.get("env", {}))
    flags = i.get("flags", [])
    if "go" in i:
        env["GOBIN"] = os.path.join(target, "bin")
        return ["go", "install", *flags, i["go"]], None, env
    if "cargo" in i:
        name, version = i["cargo"].split("@")
        return ["cargo", "install", name, "--version", version, "--locked",
                "--root", target, *flags], None, env
    if "build" in i:
        return ["go", "build", "-o", os.path.join(target, "bin") + "/",
                *flags, i.get("package", ".")], \
            os.path.join(HERE, i["build"]), env
    return None, None, None


def install(peer, log):
    """Installs by the registry's ordinary client; sets folder or absent."""
    target = os.path.join(cache(), f"{peer.name}-{peer.version}")
    argv, cwd, env = install_command(peer, target)
    if not argv:
        peer.absent = "no published package: give its programs with " \
                      f"--peer {peer.name}=PATH"
        return
    if not shutil.which(argv[0]):
        peer.absent = f"{argv[0]} is not installed"
        return
    os.makedirs(os.path.join(target, "bin"), exist_ok=True)
    print(f"interop: {peer.id}: {' '.join(argv)}", file=sys.stderr)
    start = time.monotonic()
    with open(log, "wb") as f:
        done = subprocess.run(argv, cwd=cwd, env=env, stdout=f, stderr=f,
                              stdin=subprocess.DEVNULL, check=False)
    seconds = time.monotonic() - start
    if done.returncode:
        with open(log, encoding="utf-8", errors="replace") as f:
            last = (f.read().strip().splitlines() or [""])[-1]
        peer.absent = f"{argv[0]} failed ({last.strip()[:200]}), see {log}"
        return
    print(f"interop: {peer.id}: installed in {seconds:.0f} s", file=sys.stderr)
    peer.absent = None
    locate(peer, {}, [])
