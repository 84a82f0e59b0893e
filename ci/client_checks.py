"""Checks of anytls-client: each function is one, its first line says of what."""
import base64
import contextlib
import hashlib
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.parse

import peer
from peer import LOOP, Daemon, Origin, exactly, need, same, until
from server_checks import PW

UNTRUSTED = r"no TLS with server .*(self-signed|self signed|unable to get)"


def client(e, *args, server=None, password=PW, insecure=True, env=None, listen=LOOP + ":0",
           nofile=None):
    argv = [os.path.join(e.build, "anytls-client"), *args]
    if listen:
        argv += ["-l", listen]
    if server:
        argv += ["-s", "%s:%d" % server]
    if password:
        argv += ["-p", password]
    if insecure:
        argv += ["--insecure"]
    return Daemon(e.tmp, argv, env=env, nofile=nofile)


def connect(c):
    s = socket.create_connection(c.addr, 5)
    s.settimeout(8)
    return s


def socks(c, addr, login=None):
    """A SOCKS5 CONNECT: the reply's code and the socket."""
    s = connect(c)
    s.sendall(b"\x05\x01" + (b"\x02" if login else b"\x00"))
    same(exactly(s, 2), b"\x05" + (b"\x02" if login else b"\x00"), "the method")
    if login:
        user, word = (x.encode() for x in login)
        s.sendall(bytes([1, len(user)]) + user + bytes([len(word)]) + word)
        if exactly(s, 2)[1]:
            return -1, s
    s.sendall(b"\x05\x01\x00" + peer.socks_addr(*addr))
    head = exactly(s, 4)
    exactly(s, {1: 4, 4: 16}[head[3]] + 2)
    return head[1], s


def reach(c, addr, **kw):
    code, s = socks(c, addr, **kw)
    same(code, 0, "SOCKS reply")
    return s


def echoes(s, data=b"hello" * 20):
    s.sendall(data)
    same(exactly(s, len(data)), data, "echo")


def works(c, **kw):
    with Origin(peer.echo) as o, reach(c, o.addr, **kw) as s:
        echoes(s)


def fails(c, regex):
    """A request fails, and the log says why."""
    code, s = socks(c, (LOOP, 1))
    s.close()
    need(code != 0, "the request went through")
    c.logged(regex)


def sessions(c):
    return len(re.findall(r"debug: session \d+: new", c.log()))


def forms(e):
    """-l -s -p -sni -m -dr, the long names, and the environment's"""
    with e.server("--log-level", "debug") as s:
        at = "%s:%d" % s.addr
        long = ["--listen", LOOP + ":0", "--server", at, "--password", PW, "--sni", "localhost",
                "--min-idle", "2", "--disable-reuse", "--insecure"]
        short = ["-l", LOOP + ":0", "-s", at, "-p", PW, "-sni", "localhost", "-m", "2", "-dr",
                 "-insecure"]
        env = {"ANYTLS_CLIENT_" + k: v for k, v in
               {"LISTEN": LOOP + ":0", "SERVER": at, "PASSWORD": PW, "SNI": "localhost",
                "MIN_IDLE": "2", "DISABLE_REUSE": "1", "INSECURE": "true",
                "LOG_LEVEL": "debug"}.items()}
        for args, vars_ in ((short + ["--log-level", "debug"], None),
                            (long + ["--log-level", "debug"], None), ([], env)):
            with client(e, *args, listen=None, password=None, insecure=False, env=vars_) as c:
                works(c)
                works(c)
                same(sessions(c), 2, "sessions without reuse")
        # The command line comes before the environment.
        with client(e, server=s.addr, env={"ANYTLS_CLIENT_PASSWORD": "wrong"}) as c:
            works(c)


def links(e):
    """anytls:// links: escapes, IPv6, insecure=1, sni=, the default port"""
    word = urllib.parse.quote(PW, safe="")
    with e.server(listen=(LOOP + ":0", "[::1]:0")) as s:
        for host, port in s.addrs:
            host = "[%s]" % host if ":" in host else host
            for tail in ("?insecure=1", "/?insecure=1&sni=localhost#a%20name"):
                with client(e, "-s", "anytls://%s@%s:%d%s" % (word, host, port, tail),
                            password=None, insecure=False) as c:
                    works(c)
        with client(e, "-s", "anytls://%s@127.0.0.1:%d" % (word, s.port), password=None,
                    insecure=False) as c:
            fails(c, UNTRUSTED)
    with client(e, "-s", "anytls://x@127.0.0.1/?insecure=1", password=None) as c:
        fails(c, r"127\.0\.0\.1:443")
    for bad in ("anytls://x@[::1", "anytls://x%zz@h", "anytls://x@h:0", "anytls://x@h:99999"):
        rc, out = peer.run([os.path.join(e.build, "anytls-client"), "-s", bad])
        same(rc, 2, "exit status of " + bad)
        need("anytls:// link" in out, out)


def verification(e):
    """certificates: self-signed is refused, --ca is believed, a wrong name not"""
    cert, key = e.cert("ca", "DNS:good.example,IP:127.0.0.1")
    with e.server("--cert", cert, "--key", key) as s:
        for args, insecure, error in (
                ([], False, UNTRUSTED),
                (["--ca", cert], False, None),
                (["--ca", cert, "--sni", "good.example"], False, None),
                (["--ca", cert, "--sni", "bad.example"], False, r"no TLS .*[Hh]ostname mismatch"),
                (["--ca", cert, "--sni", "127.0.0.2"], False, r"no TLS .*IP address mismatch"),
                (["--sni", "bad.example"], True, None)):
            with client(e, *args, server=s.addr, insecure=insecure) as c:
                if error:
                    fails(c, error)
                else:
                    works(c)
    rc, out = peer.run([os.path.join(e.build, "anytls-client"), "-s", "h:1", "-p", "x",
                        "-l", LOOP + ":0", "--ca", "no-such-ca"])
    same(rc, 1, "exit status without the CA file")
    need("no-such-ca" in out, out)


def server_name(e):
    """server_name: the host or --sni, and none for an address"""
    with peer.Server(*e.cert()) as s, Origin(peer.echo) as o:
        for args, at, want in (([], LOOP, None), (["-sni", "127.0.0.1"], LOOP, None),
                               (["-sni", "a.example"], LOOP, "a.example"),
                               ([], "localhost", "localhost")):
            s.names.clear()
            with client(e, *args, server=(at, s.port)) as c, reach(c, o.addr) as app:
                echoes(app)
            same(s.names, [want], "server_name with %s at %s" % (args, at))


def local_login(e):
    """--local-user: SOCKS5 and HTTP need the password, SOCKS4 cannot have it"""
    with e.server() as s, client(e, "--local-user", "me", "--local-password", "my word",
                                 server=s.addr) as c, Origin(peer.echo) as o:
        works(c, login=("me", "my word"))
        for login in (("me", "my wor"), ("m", "my word"), ("", "")):
            code, app = socks(c, o.addr, login=login)
            app.close()
            same(code, -1, "login with %s" % (login,))
        with connect(c) as app:
            app.sendall(b"\x05\x01\x00")
            same(exactly(app, 2), b"\x05\xff", "no method")
        with connect(c) as app:
            app.sendall(b"\x04\x01" + struct.pack(">H", o.port) + b"\x7f\0\0\x01me\0")
            same(exactly(app, 2), b"\0\x5b", "SOCKS4 without a password")
        for word, want in (("my word", b"200"), ("other", b"407")):
            with connect(c) as app:
                basic = base64.b64encode(("me:" + word).encode()).decode()
                app.sendall(("CONNECT 127.0.0.1:%d HTTP/1.1\r\nProxy-Authorization: Basic %s\r\n"
                             "\r\n" % (o.port, basic)).encode())
                same(exactly(app, 12)[9:], want, "CONNECT with " + word)


def http(e):
    """HTTP: CONNECT by address and name, a plain request, nonsense"""
    with e.server() as s, client(e, server=s.addr) as c, Origin(peer.web) as o, \
            Origin(peer.echo) as q:
        for host in (LOOP, "localhost"):
            with connect(c) as app:
                # The application does not wait for the answer.
                app.sendall(b"CONNECT %s:%d HTTP/1.1\r\nHost: x\r\n\r\nearly"
                            % (host.encode(), q.port))
                head = b""
                while b"\r\n\r\n" not in head:
                    head += exactly(app, 1)
                need(b" 200 " in head, head)
                same(exactly(app, 5), b"early", "data behind the request")
                echoes(app)
            with connect(c) as app:
                app.sendall(b"GET http://%s:%d/a?b HTTP/1.1\r\nHost: x\r\n\r\n"
                            % (host.encode(), o.port))
                got = b""
                while more := app.recv(4096):
                    got += more
                need(b"the page for GET /a?b HTTP/1." in got, got)
        for bad, want in ((b"GET / HTTP/1.1\r\n\r\n", b"400"),
                          (b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n\r\n" % peer.dead_port(), b"502")):
            with connect(c) as app:
                app.sendall(bad)
                same(exactly(app, 12)[9:], want, "answer to %r" % bad)


def socks4(e):
    """SOCKS4 and SOCKS4a"""
    with e.server() as s, client(e, server=s.addr) as c, Origin(peer.echo) as o:
        for ip, name in ((b"\x7f\0\0\x01", b""), (b"\0\0\0\x01", b"localhost\0")):
            with connect(c) as app:
                app.sendall(b"\x04\x01" + struct.pack(">H", o.port) + ip + b"me\0" + name)
                same(exactly(app, 8)[:2], b"\0\x5a", "reply")
                echoes(app)


def reuse(e):
    """50 requests in turn share a session; with -dr each has its own"""
    with e.server() as s, Origin(peer.web) as o:
        for args, n, want in (([], 50, 1), (["-dr"], 10, 10)):
            with client(e, *args, "--log-level", "debug", server=s.addr) as c:
                for _ in range(n):
                    with reach(c, o.addr) as app:
                        app.sendall(b"GET / HTTP/1.0\r\n\r\n")
                        peer.ended(app)
                same(sessions(c), want, "sessions for %d requests" % n)


def idle(e):
    """idle sessions end after --idle-timeout, but --min-idle of them stay"""
    with e.server("--log-level", "debug") as s, Origin(peer.echo) as o, client(
            e, "--log-level", "debug", "-m", "1", "--idle-timeout", "400ms", "--check-interval",
            "100ms", server=s.addr) as c:
        apps = [reach(c, o.addr) for _ in range(4)]
        same(sessions(c), 4, "sessions for 4 streams at once")
        for app in apps:
            echoes(app)
            app.close()
        until(lambda: s.log().count("connection over") == 3, "three sessions are closed")
        time.sleep(0.8)
        same(s.log().count("connection over"), 3, "sessions closed with one to keep")
        works(c)
        same(sessions(c), 4, "sessions after another request")


class Mute(peer.Server):
    """Speaks version 2 and confirms the streams LAST and before."""

    last = 0

    def on_frame(self, s, cmd, sid, data):
        if cmd == peer.SETTINGS:
            s.sendall(peer.frame(peer.SERVER_SETTINGS, 0, b"v=2"))
        if cmd == peer.SYN and sid <= self.last:
            s.sendall(peer.frame(peer.SYNACK, sid))


def heartbeat(e):
    """--heartbeat: requests at the interval; by default there are none"""
    with Mute(*e.cert()) as s:
        s.last = 9
        with client(e, "--heartbeat", "300ms", server=s.addr) as c, reach(c, (LOOP, 9)):
            until(lambda: len(s.times(peer.HEART)) >= 4, "four heartbeats")
        t = s.times(peer.HEART)
        need(0.6 < t[3] - t[0] < 6, "at %s" % t)
        s.got.clear()
        with client(e, server=s.addr) as c, reach(c, (LOOP, 9)):
            time.sleep(0.8)
        same(s.times(peer.HEART), [], "heartbeats nobody asked for")


def synack_timeout(e):
    """without SYNACK the session is given up, and a new one tried or the end told"""
    with Mute(*e.cert()) as s:
        with client(e, "--connect-timeout", "500ms", server=s.addr) as c:
            start = time.monotonic()
            code, app = socks(c, (LOOP, 9))
            app.close()
            took = time.monotonic() - start
            same(code, 4, "reply")
            need(0.3 < took < 7, "it took %.1f s" % took)
        s.last = 1
        s.auths.clear()
        with client(e, "--synack-timeout", "500ms", server=s.addr) as c:
            reach(c, (LOOP, 9)).close()
            until(lambda: s.times(peer.FIN), "the end of the first request")
            start = time.monotonic()
            reach(c, (LOOP, 9)).close()
            took = time.monotonic() - start
            need(0.3 < took < 7, "it took %.1f s" % took)
        same(len(s.auths), 2, "sessions")


def reply(e):
    """the SOCKS reply tells the truth: refused is 5, with --quick-reply it is 0"""
    with e.server() as s, client(e, server=s.addr) as c:
        code, app = socks(c, (LOOP, peer.dead_port()))
        same(code, 5, "reply for a refused target")
        app.close()
        code, app = socks(c, ("no-such-host.invalid", 80))
        same(code, 4, "reply for a name that does not exist")
        app.close()
        with client(e, "--quick-reply", server=s.addr) as q:
            with reach(q, (LOOP, peer.dead_port())) as app:
                peer.ended(app)
            works(q)


def version_1(e):
    """a server of version 1: no SYNACK, and requests still go through"""
    with peer.Server(*e.cert()) as s, client(e, server=s.addr) as c:
        for n in range(3):
            with reach(c, (LOOP, 9)) as app:
                echoes(app)
            until(lambda n=n: len(s.times(peer.FIN)) == n + 1, "the end of a request")
        same(len(s.auths), 1, "sessions")


class Updating(Mute):
    """Sends a new padding scheme to who has another one."""

    last = 9
    text = b"stop=2\n0=77-77\n1=200-200"

    def on_frame(self, s, cmd, sid, data):
        super().on_frame(s, cmd, sid, data)
        if cmd == peer.SETTINGS and hashlib.md5(self.text).hexdigest().encode() not in data:
            s.sendall(peer.frame(peer.SCHEME, 0, self.text))


def scheme_update(e):
    """a new padding scheme is used by the next session, and it says so"""
    with Updating(*e.cert()) as s, client(e, "-dr", server=s.addr) as c:
        for _ in range(3):
            reach(c, (LOOP, 9)).close()
        until(lambda: len(s.settings) == 3, "three sessions")
        need(s.auths[0] != 77, "the first has the new padding already")
        same(s.auths[1:], [77, 77], "padding0 of the others")
        md5 = hashlib.md5(Updating.text).hexdigest().encode()
        same([md5 in x for x in s.settings], [False, True, True], "padding-md5")


def slow_reader(e):
    """an application that does not read 40 MB stops no others and is not dropped"""
    total = 40000000
    with e.server("--heartbeat", "300ms") as s, client(e, server=s.addr) as c, \
            Origin(peer.pour(total)) as o, reach(c, o.addr) as slow:
        end = time.monotonic() + 3
        while time.monotonic() < end:
            works(c)
            time.sleep(0.2)
        got = 0
        while more := slow.recv(1 << 20):
            got += len(more)
        same(got, total, "bytes in the end")


def restart(e):
    """the server is restarted while sessions are idle: the next request works"""
    with e.server() as s, client(e, server=s.addr) as c:
        works(c)
        port = s.port
        s.stop()
        with e.server(listen=("%s:%d" % (LOOP, port),)):
            works(c)


class Forgetful(Mute):
    """Drops the connection at the second stream, as a server that was away."""

    last = 1

    def on_frame(self, s, cmd, sid, data):
        peer.need(cmd != peer.SYN or sid == 1, "not again")
        super().on_frame(s, cmd, sid, data)


def retry(e):
    """an idle session turns out to be dead: the request moves to a new one"""
    with Forgetful(*e.cert()) as s, client(e, server=s.addr) as c:
        reach(c, (LOOP, 9)).close()
        until(lambda: s.times(peer.FIN), "the end of the first request")
        reach(c, (LOOP, 9)).close()
        same(len(s.auths), 2, "sessions")


def killed(e):
    """the server is killed in the middle: applications see an end at once"""
    with e.server() as s, client(e, server=s.addr) as c, Origin(peer.pour(None)) as o, \
            Origin(peer.echo) as q:
        apps = [reach(c, o.addr), reach(c, q.addr)]
        exactly(apps[0], 100000)
        s.stop(signal.SIGKILL)
        for app in apps:
            took = peer.ended(app)
            need(took < 7, "it took %.1f s" % took)
            app.close()
        code, app = socks(c, q.addr)
        app.close()
        need(code != 0, "a request without a server went through")
        c.alive()


def udp(e):
    """UDP ASSOCIATE in both modes: addresses, names, IPv6"""
    with contextlib.ExitStack() as stack:
        p = stack.enter_context(subprocess.Popen(
            [sys.executable, "ci/udp.py", "echo"], stdout=subprocess.PIPE))
        stack.callback(p.kill)
        port = p.stdout.readline().strip().decode()
        dests = "127.0.0.1:%s,localhost:%s" % (port, port)
        dests += ",[::1]:" + port if peer.has_ipv6() else ""
        s = stack.enter_context(e.server())
        for mode in ("packet", "connect"):
            with client(e, "--udp-mode", mode, server=s.addr) as c:
                rc, out = peer.run([sys.executable, "ci/udp.py", "ask", "%s:%d" % c.addr, dests,
                                    "0", "1", "1400", "9000"])
                same((rc, mode), (0, mode), out)


def sigterm(e):
    """SIGTERM and SIGINT in the middle of transfers: exit 0 soon, apps see an end"""
    for signo in (signal.SIGTERM, signal.SIGINT):
        with e.server() as s, client(e, server=s.addr) as c, Origin(peer.pour(None)) as o:
            apps = [reach(c, o.addr) for _ in range(3)]
            exactly(apps[0], 100000)
            rc, took = c.stop(signo)
            same(rc, 0, "exit status")
            need(took < 7, "it took %.1f s" % took)
            for app in apps:
                peer.ended(app)
                app.close()


def secrets(e):
    """no password in the log of level debug or where ps looks"""
    word = "secret-%d" % os.getpid()
    with e.server(password=word) as s:
        for args in (["-s", "%s:%d" % s.addr, "--password=" + word],
                     ["-s", "anytls://%s@%s:%d" % (word, *s.addr)]):
            with client(e, *args, "--log-level", "debug", "--local-user", "u", "--local-password",
                        word, password=None) as c:
                works(c, login=("u", word))
                need(word.encode() not in c.proc("cmdline"), "it is in /proc/PID/cmdline")
                c.stop()
                need(word not in c.log(), "it is in the log")


def wrong_password(e):
    """a wrong password fails at once, and the log says what it may be"""
    with e.server() as s, client(e, server=s.addr, password="wrong") as c:
        start = time.monotonic()
        fails(c, "wrong password")
        need(time.monotonic() - start < 7, "late")


def out_of_files(e):
    """it takes all file descriptors it may have; without any it waits and goes on"""
    with e.server() as s:
        with client(e, server=s.addr, nofile="40") as c:
            held = [socket.create_connection(c.addr, 5) for _ in range(60)]
            c.logged(r"error: .*[Tt]oo many open files")
            for h in held:
                h.close()
            until(lambda: c.fds() < 25, "descriptors are given back")
            works(c)
        with client(e, server=s.addr, nofile="-S 50") as c:
            limits = c.proc("limits").decode()
            soft, hard = re.search(r"open files +(\d+) +(\d+)", limits).groups()
            same(soft, hard, "the soft limit")


def keylog(e):
    """--keylog and SSLKEYLOGFILE; an empty one is none"""
    with e.server() as s:
        name = e.path("keys")
        for args, env in ((["--keylog", name], {}), ([], {"SSLKEYLOGFILE": name})):
            with client(e, *args, server=s.addr, env=env) as c:
                works(c)
        with open(name, encoding="ascii") as f:
            same(f.read().count("CLIENT_TRAFFIC_SECRET_0 "), 2, "secrets of sessions")
        with client(e, server=s.addr, env={"SSLKEYLOGFILE": ""}) as c:
            works(c)


CHECKS = [
    forms, links, verification, server_name, local_login, http, socks4, reuse, idle, heartbeat,
    synack_timeout, reply, version_1, scheme_update, slow_reader, restart, retry,
    killed, udp, sigterm, secrets, wrong_password, out_of_files, keylog,
]
