"""A network between a client and S3 that a test may spoil; and a fetch that dies at a moment."""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_CHUNK = 4096
EXPIRED = b"<Error><Code>ExpiredToken</Code><Message>The token has expired</Message></Error>"


class Network(ThreadingHTTPServer):
    """Passes requests on, and answers as it is told."""

    daemon_threads = True

    def __init__(self, endpoint: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = urlsplit(endpoint).netloc
        self.cut_after: int | None = None  # bytes of an object's content; then it hangs up
        self.hang_after: int | None = None  # then it says no more
        self.has_expired = False  # the credentials, for whoever asks for content
        self.ranges = list[str]()  # that were asked for
        self.over = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: Any) -> None:
        """A killed client hangs up."""


class _Handler(BaseHTTPRequestHandler):
    server: Network

    def _pass(self) -> None:
        asked = self.headers.get("Range")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if asked:
            self.server.ranges.append(asked)
            if self.server.has_expired:
                self._answer(400, {"Content-Length": str(len(EXPIRED))}, EXPIRED)
                return
        connection = http.client.HTTPConnection(self.server.target)
        with contextlib.closing(connection):
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            answer = connection.getresponse()
            content = answer.read()
        left_out = ("transfer-encoding", "connection")
        headers = {n: v for n, v in answer.getheaders() if n.lower() not in left_out}
        cut = self.server.cut_after if asked else None
        self._answer(answer.status, headers, content[:cut], hangs=bool(asked))

    def _answer(
        self, status: int, headers: dict[str, str], content: bytes, hangs: bool = False
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        most = self.server.hang_after if hangs else None
        self.wfile.write(content[:most])
        self.wfile.flush()
        if most is not None and len(content) > most:
            self.server.over.wait()

    do_GET = do_PUT = do_POST = do_HEAD = _pass

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def network_to(endpoint: str) -> Iterator[Network]:
    """A network, for as long as the block lasts."""
    network = Network(endpoint)
    try:
        yield network
    finally:
        network.over.set()
        network.shutdown()
        network.server_close()


#: `dlc-batch` that counts what it does to files below a folder, prints the count, or is killed
#: before the nth.
DYING = """
import os, signal, sys
folder, nth = sys.argv.pop(1), int(sys.argv.pop(1))
events = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir"}
count = 0
def hook(event, args):
    global count
    if event in events and folder in str(args[0]):
        count += 1
        if count == nth:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
from dlc_batch.cli import main
try:
    main()
finally:
    print(f"events: {count}", file=sys.stderr)
"""
