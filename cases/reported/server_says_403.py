"""The address of the model is signed, and the server does not accept the signature."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import tensorflow_hub as hub


class Refuses(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(403)
        self.end_headers()
        self.wfile.write(b"<?xml version='1.0' encoding='UTF-8'?><Error><Code>SignatureDoesNotMatch</Code></Error>")


server = HTTPServer(("127.0.0.1", 0), Refuses)
threading.Thread(target=server.serve_forever, daemon=True).start()

hub.load(f"http://127.0.0.1:{server.server_port}/tensorflow/blazeface/1")
