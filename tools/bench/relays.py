"""haproxy as both ends of a TLS tunnel: the floor, without frames or streams."""
import os
import shutil

HEAD = """global
  nbthread 1
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  maxconn 4096
listen x
"""


def there():
    return shutil.which("haproxy") is not None


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="ascii") as f:
        f.write(HEAD + text)
    return path


def configure(folder, rsa, ports):
    """Configurations of the halves; PORTS are the client's, the server's and
    the target's. The server's commands first."""
    client, server, target = ports
    pem = os.path.join(folder, "both.pem")
    with open(pem, "wb") as out:
        for part in ("cert.pem", "key.pem"):
            with open(os.path.join(rsa, part), "rb") as f:
                out.write(f.read())
    suites = "ciphersuites TLS_AES_128_GCM_SHA256"
    b = write(folder, "server.cfg", f"  bind 127.0.0.1:{server} ssl crt {pem} {suites}\n"
              f"  server t 127.0.0.1:{target}\n")
    a = write(folder, "client.cfg", f"  bind 127.0.0.1:{client}\n"
              f"  server s 127.0.0.1:{server} ssl verify none {suites}\n")
    return [f"haproxy -db -f {b}", f"haproxy -db -f {a}"]
