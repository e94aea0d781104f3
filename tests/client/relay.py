"""What stands between a client and S3: it counts, and breaks what it is told to break."""

from __future__ import annotations

import contextlib
import http.client
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

_HOP = {"connection", "transfer-encoding", "content-length", "date", "server"}
EXPIRED = b"<Error><Code>ExpiredToken</Code><Message>The token has expired.</Message></Error>"
FORGOTTEN = b"<Error><Code>NoSuchUpload</Code><Message>No such upload</Message></Error>"
DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


@dataclass
class Relay:
    """Set `broken` to what is to happen to a request of a kind; None lets it through.

    Kinds: create, part, list, complete, abort, head, versions, other.
    """

    url: str = ""
    parts: list[int] = field(default_factory=list)  # that S3 took, in their order
    kinds: list[str] = field(default_factory=list)
    #: gone, expired, denied, forgotten, unanswered, spoiled
    broken: Callable[[str], str | None] = lambda _: None
    took: Callable[[int], object] = lambda _: None  # is told how many parts S3 took


def kind_of(method: str, path: str) -> str:
    """Return which of the requests of an upload it is."""
    query = parse_qs(urlsplit(path).query, keep_blank_values=True)
    if "uploads" in query:
        return "create"
    if "versions" in query:
        return "versions"
    if "uploadId" not in query:
        return "head" if method == "HEAD" else "other"
    return {"PUT": "part", "GET": "list", "POST": "complete", "DELETE": "abort"}[method]


@contextmanager
def relay_to(endpoint_url: str) -> Iterator[Relay]:
    """Serve on this computer what an endpoint answers."""
    relay, lock = Relay(), threading.Lock()
    host = urlsplit(endpoint_url).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_expect_100(self) -> bool:
            return True  # answered once the request is let through

        def _relay(self) -> None:
            kind = kind_of(self.command, self.path)
            how = relay.broken(kind)
            if how == "gone":
                self.close_connection = True
                return
            if self.headers.get("Expect"):
                self.send_response_only(100)
                self.end_headers()
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if how == "expired":
                self._answer(400, {"Content-Type": "application/xml"}, EXPIRED)
                return
            if how == "denied":
                self._answer(403, {"Content-Type": "application/xml"}, DENIED)
                return
            if how == "forgotten":  # as Amazon S3 ends what it does not know; moto fails there
                self._answer(404, {"Content-Type": "application/xml"}, FORGOTTEN)
                return
            if how == "spoiled":
                body = body[:-1] + bytes([body[-1] ^ 1])
            status, headers, answer = self._ask(body)
            with lock:
                relay.kinds.append(kind)
                if kind == "part" and status == 200:
                    found = re.search(r"partNumber=(\d+)", self.path)
                    relay.parts.append(int(found[1]) if found else 0)
                    relay.took(len(relay.parts))
            if how == "unanswered":
                self.close_connection = True
                return
            self._answer(status, headers, answer)

        def _ask(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
            asked = {k: v for k, v in self.headers.items() if k.lower() not in {"expect"}}
            with contextlib.closing(http.client.HTTPConnection(host, timeout=60)) as connection:
                connection.request(self.command, self.path, body, asked)
                answer = connection.getresponse()
                data = answer.read()
            kept = {k: v for k, v in answer.getheaders() if k.lower() not in _HOP}
            if self.command == "HEAD":
                kept["Content-Length"] = answer.getheader("Content-Length") or "0"
            return answer.status, kept, data

        def _answer(self, status: int, headers: dict[str, str], data: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _relay

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            pass  # clients that were killed

    server = Server(("127.0.0.1", 0), Handler)
    relay.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield relay
    finally:
        server.shutdown()
        server.server_close()
