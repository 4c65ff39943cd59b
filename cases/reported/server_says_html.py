"""A login page stands between the machine and the network: what comes is HTML, not a tar."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import tensorflow_hub as hub


class LoginPage(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<html><body>Please log in</body></html>")


server = HTTPServer(("127.0.0.1", 0), LoginPage)
threading.Thread(target=server.serve_forever, daemon=True).start()

hub.Module(f"http://127.0.0.1:{server.server_port}/google/elmo/2")
