"""Which image a container runs."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dlc_batch_trainer.container import describe_image

DIGEST = "sha256:" + "ab" * 32


class Ecs(BaseHTTPRequestHandler):
    """ECS's task metadata endpoint."""

    about: object = {"Image": "repository/trainer:latest", "ImageID": DIGEST}

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(self.about).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def ecs(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Ecs]]:
    handler = type("Handler", (Ecs,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/v4/container"
        monkeypatch.setenv("ECS_CONTAINER_METADATA_URI_V4", address)
        monkeypatch.setenv("DLC_BATCH_IMAGE", "repository/trainer:latest")
        yield handler
        server.shutdown()


@pytest.mark.usefixtures("ecs")
def test_digest() -> None:
    assert describe_image() == f"repository/trainer:latest@{DIGEST}"


def test_no_sense_in_the_answer(ecs: type[Ecs]) -> None:
    ecs.about = ["nothing"]
    assert describe_image() == "repository/trainer:latest"


def test_nobody_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECS_CONTAINER_METADATA_URI_V4", "http://127.0.0.1:9/v4")
    monkeypatch.delenv("DLC_BATCH_IMAGE", raising=False)
    assert describe_image() is None
    monkeypatch.delenv("ECS_CONTAINER_METADATA_URI_V4")
    monkeypatch.setenv("DLC_BATCH_IMAGE", "repository/trainer:latest")
    assert describe_image() == "repository/trainer:latest"
