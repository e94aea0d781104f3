"""EC2's word about itself, from a real HTTP server that answers as IMDSv2 does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dlc_batch_trainer.spot import Metadata, is_to_be_taken_away


class Imds(BaseHTTPRequestHandler):
    """Answers with a token only, and with 404 for what it does not know."""

    entries: dict[str, str] = {}  # noqa: RUF012  # set by each test
    token = "token-1"

    def do_PUT(self) -> None:
        has_lifetime = "X-aws-ec2-metadata-token-ttl-seconds" in self.headers
        self._answer(200 if has_lifetime else 400, self.token)

    def do_GET(self) -> None:
        if self.headers.get("X-aws-ec2-metadata-token") != self.token:
            return self._answer(401, "")
        entry = self.entries.get(self.path.removeprefix("/latest/meta-data/"))
        return self._answer(404 if entry is None else 200, entry or "")

    def _answer(self, code: int, text: str) -> None:
        self.send_response(code)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def imds() -> Iterator[tuple[type[Imds], Metadata]]:
    handler = type("Handler", (Imds,), {"entries": {}, "token": "token-1"})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield handler, Metadata(f"http://127.0.0.1:{server.server_port}/")
        server.shutdown()


def test_tells_what_the_instance_is(imds: tuple[type[Imds], Metadata]) -> None:
    handler, metadata = imds
    handler.entries |= {"instance-type": "g5.xlarge", "instance-life-cycle": "spot"}
    assert metadata.describe() == {"instance_type": "g5.xlarge", "life_cycle": "spot"}


def test_tells_the_notice(imds: tuple[type[Imds], Metadata]) -> None:
    handler, metadata = imds
    assert not is_to_be_taken_away(metadata)
    handler.entries["spot/termination-time"] = "2026-01-01T00:02:00Z"
    assert is_to_be_taken_away(metadata)


def test_renews_its_token(imds: tuple[type[Imds], Metadata]) -> None:
    handler, metadata = imds
    handler.entries["spot/termination-time"] = "2026-01-01T00:02:00Z"
    assert is_to_be_taken_away(metadata)
    handler.token = "token-2"
    assert is_to_be_taken_away(metadata)


def test_no_instance_is_no_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = Metadata("http://127.0.0.1:9")
    assert not is_to_be_taken_away(closed)
    assert closed.describe() == {"instance_type": None, "life_cycle": None}
    assert closed.endpoint is None, "it would ask for ever"
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert Metadata.from_environment().endpoint is None
