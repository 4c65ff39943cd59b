"""A company's proxy shows a certificate of its own, which Python does not know."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import tensorflow_hub as hub
import trustme

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
trustme.CA().issue_cert("localhost").configure_cert(context)
server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()

hub.load(f"https://localhost:{server.server_port}/google/nnlm-en-dim128/2")
