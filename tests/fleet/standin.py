#!/usr/bin/python3
"""standin.py: UDP 4789 is received and forgotten, TCP 4789 answers any HTTP GET with 200, until it is killed."""

import socketserver
import threading

PORT = 4789


class Forget(socketserver.BaseRequestHandler):
    def handle(self):
        pass


class Answer(socketserver.StreamRequestHandler):
    timeout = 2

    def handle(self):
        if self.rfile.readline(100).startswith(b"GET "):
            self.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nok\n")


class Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 4
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A checker that only connects closes at once: nothing to say about it."""


if __name__ == "__main__":
    receiver = socketserver.UDPServer(("", PORT), Forget)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    Listener(("", PORT), Answer).serve_forever()
