"""Between the cases and the Hub server: whatever handle is asked for is rewritten by `HOW` before the server sees it.

    server-without-faults   nothing goes wrong: /fault/403/publisher/model/3 is /publisher/model/3
    server-other-model      another model is served in the place of the one that was asked for

Python 3.7 syntax.
"""

import http.client
import http.server
import os
import re
import threading

HOW = "@HOW@"
ADDRESS = os.environ.get("HUBMATRIX_HUB_SERVER")
FAULT = re.compile(r"\A/fault/[^/]+")
MODEL = re.compile(r"/tensorflow/bert_en_uncased_L-12_H-768_A-12(?:/2)?(?=[?.]|\Z)")


def rewritten(path):
    return FAULT.sub("", path) if HOW == "server-without-faults" else MODEL.sub("/google/electra_small/1", path)


class PassingHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        connection = http.client.HTTPConnection(ADDRESS.replace("http://", ""))
        try:
            connection.request(self.command, rewritten(self.path), headers=dict(self.headers))
            self.passed(connection.getresponse())
        except (OSError, http.client.HTTPException):
            self.close_connection = True  # what breaks off there breaks off here
        finally:
            connection.close()

    do_HEAD = do_GET

    def passed(self, answer):
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name not in ("Date", "Server", "Connection"):
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        while True:
            data = answer.read1(65536)
            if not data:
                return
            self.wfile.write(data)

    def log_message(self, *args):
        pass


if ADDRESS:
    SERVER = http.server.ThreadingHTTPServer(("127.0.0.1", 0), PassingHandler)
    SERVER.daemon_threads = True
    threading.Thread(target=SERVER.serve_forever, daemon=True).start()
    os.environ["HUBMATRIX_HUB_SERVER"] = f"http://127.0.0.1:{SERVER.server_address[1]}"
