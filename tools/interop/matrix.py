"""Runs each client with each server through the scenarios."""
import asyncio
import os
import signal
import subprocess
import time

import scenarios
from net import Origin, Refused, Relay, free_port
from peers import PeerError

READY = 20.0        # seconds until a port accepts, before scaling
LIMIT = 12.0        # seconds for one scenario, before scaling
LONG = {"up": 40.0, "down": 40.0, "concurrent": 30.0, "sequential": 30.0,
        "restart": 40.0}


class Gone(Exception):
    """A peer that does not start or has ended by itself; one sentence."""


class Process:
    """A peer that runs, what it prints in a file."""

    def __init__(self, argv, env, log):
        self.log = log
        with open(log, "ab") as f:
            try:
                self.p = subprocess.Popen(
                    argv, env={**os.environ, **env}, stdin=subprocess.DEVNULL,
                    stdout=f, stderr=f, start_new_session=True)
            except OSError as e:
                raise Gone(f"{argv[0]}: {e.strerror}") from None

    async def ready(self, port, limit):
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if self.p.poll() is not None:
                raise Gone(f"it ended with {self.ended()} before its port "
                           "accepted: " + last_line(self.log))
            try:
                _, w = await asyncio.open_connection("127.0.0.1", port)
                w.close()
                return
            except OSError:
                await asyncio.sleep(0.05)
        raise Gone(f"its port did not accept within {limit:g} s")

    def ended(self):
        code = self.p.poll()
        if code is None:
            return None
        if code < 0:
            return signal.Signals(-code).name
        return f"exit code {code}"

    def signal(self, signo):
        """To it and to what it has started."""
        try:
            os.killpg(self.p.pid, signo)
        except ProcessLookupError:
            pass

    async def stop(self, kill=False):
        if self.p.poll() is None:
            self.signal(signal.SIGKILL if kill else signal.SIGTERM)
        try:
            for _ in range(40):
                if self.p.poll() is not None:
                    return
                await asyncio.sleep(0.05)
        finally:
            if self.p.poll() is None:
                self.signal(signal.SIGKILL)
                self.p.wait()


def last_line(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        lines = [x.strip() for x in f if x.strip()]
    return lines[-1][:200] if lines else "it printed nothing"


class Pair:
    """A client and a server that run, with a relay between them."""

    def __init__(self, client, server, origin, cfg):
        self.client, self.server, self.origin = client, server, origin
        self.cfg, self.scale, self.idle = cfg, cfg.scale, cfg.idle
        self.folder = os.path.join(cfg.out, "logs",
                                   f"{client.name}+{server.name}")
        os.makedirs(self.folder, exist_ok=True)
        self.running = {}
        self.relay = self.app = None
        self.udp = self.scheme = None

    async def start(self, udp="packet", scheme=False):
        self.udp = udp
        self.scheme = scenarios.scheme_file(self.folder) if scheme else ""
        self.port = free_port()
        await self.start_server()
        self.relay = Relay(self.port)
        await self.relay.start()
        await self.start_client()

    async def start_server(self):
        cert, key = self.cfg.certificate
        await self.run("server", self.port, {
            "listen": f"127.0.0.1:{self.port}", "host": "127.0.0.1",
            "port": str(self.port), "password": self.cfg.password,
            "cert": cert, "key": key, "scheme": self.scheme})

    async def start_client(self):
        port = free_port()
        await self.run("client", port, {
            "socks": f"127.0.0.1:{port}", "socks_host": "127.0.0.1",
            "socks_port": str(port), "host": "127.0.0.1",
            "server": f"127.0.0.1:{self.relay.port}",
            "port": str(self.relay.port), "password": self.cfg.password,
            "sni": "localhost", "ca": self.cfg.certificate[0],
            "udp": self.udp})
        self.app = scenarios.Application(port, self.origin)

    async def run(self, role, port, values):
        peer = getattr(self, role)
        argv, env = peer.command(role, values, self.folder)
        p = Process(argv, env, os.path.join(self.folder, role + ".log"))
        self.running[role] = p
        try:
            await p.ready(port, READY * self.scale)
            await asyncio.sleep(peer.roles[role].get("settle", 0))
        except Gone as e:
            raise Gone(f"{role} {peer.name}: {e}") from None

    async def stop_server(self, kill=False):
        await self.running.pop("server").stop(kill)

    async def stop(self):
        running, self.running = self.running, {}
        await asyncio.gather(*(p.stop() for p in running.values()))
        if self.relay:
            self.relay.close()
        self.relay = None

    async def restart(self, **how):
        await self.stop()
        await self.start(**how)

    def dead(self):
        """What ended that should run, in words."""
        for role, p in self.running.items():
            if p.ended():
                return f"the {role} ended with {p.ended()}: " + \
                    last_line(p.log)
        return None


async def one(pair, scenario):
    """Runs a scenario; returns its status and a sentence."""
    limit = LONG.get(scenario, LIMIT) * pair.scale
    try:
        udp = "connect" if scenario == "udp-connect" else "packet"
        if not pair.running or pair.scheme or pair.udp != udp:
            await pair.restart(udp=udp)
        remark = await asyncio.wait_for(
            scenarios.ALL[scenario](pair),
            limit + (pair.idle if scenario == "idle" else 0))
        status = "pass"
        if remark and remark[0] == "~":
            status, remark = "differs", remark[1:]
    except scenarios.Skip as e:
        return "skip", str(e)
    except (scenarios.Broken, Refused, Gone, PeerError) as e:
        status, remark = "fail", str(e)
    except asyncio.TimeoutError:
        status, remark = "fail", f"not done within {limit:g} s"
    except (OSError, EOFError) as e:
        status, remark = "fail", f"the client's port: {scenarios.said(e)}"
    if dead := pair.dead():
        status, remark = "fail", f"{remark + '; ' if remark else ''}{dead}"
    if status == "fail":
        await pair.stop()
    return status, remark


async def pair_cells(client, server, origin, cfg, wanted, report):
    pair = Pair(client, server, origin, cfg)
    try:
        await cells_of(pair, wanted, report)
    finally:            # also when the run is interrupted
        await pair.stop()


async def cells_of(pair, wanted, report):
    client, server = pair.client, pair.server
    nothing = None      # why not even the first scenario works
    for scenario in wanted:
        start = time.monotonic()
        cannot = scenarios.inapplicable(client, server, scenario)
        if cannot:
            status, remark = "skip", cannot
        elif nothing:
            status, remark = "fail", nothing
        else:
            status, remark = await one(pair, scenario)
        if scenario == "small" and status == "fail":
            nothing = "as with small: " + remark
        report({"client": client.name, "server": server.name,
                "scenario": scenario, "status": status,
                "remark": remark or "",
                "seconds": round(time.monotonic() - start, 2)})


async def run(clients, servers, cfg, wanted, report):
    """report() is called for each cell as soon as it is known.  SIGTERM and
    SIGINT cancel all, which ends the peers."""
    mine = asyncio.current_task()
    for signo in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signo, mine.cancel)
    origin = Origin()
    await origin.start()
    gate = asyncio.Semaphore(cfg.jobs)

    async def gated(c, s):
        async with gate:
            await pair_cells(c, s, origin, cfg, wanted, report)

    await asyncio.gather(*(gated(c, s) for c in clients for s in servers))
    origin.close()
