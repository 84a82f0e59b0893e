#!/usr/bin/env python3
"""A web server for the end-to-end tests: web.py ADDRESS FOLDER

Serves the files of FOLDER; a PUT is answered with the SHA-256 of its body.
Prints its port.
"""
import hashlib
import http.server
import socket
import sys


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        left = int(self.headers["Content-Length"])
        digest = hashlib.sha256()
        while left > 0:
            data = self.rfile.read(min(left, 1 << 20))
            if not data:
                break
            digest.update(data)
            left -= len(data)
        body = digest.hexdigest().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    address_family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET


def handler(*args):
    return Handler(*args, directory=sys.argv[2])


with Server((sys.argv[1], 0), handler) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
