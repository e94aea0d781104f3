"""A console as a process of its own, and a visitor who speaks plain HTTP."""

from __future__ import annotations

import contextlib
import http.client
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.client.stacks import make_stack

from dlc_batch.cloud import Cloud


@dataclass(frozen=True)
class Answer:
    code: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Visitor:
    """Somebody who asks; with the cookie, once they came by the address."""

    address: str
    cookie: str = ""

    @property
    def port(self) -> int:
        return int(urlsplit(self.address).port or 0)

    @property
    def path(self) -> str:
        """The path that is before all pages'."""
        return urlsplit(self.address).path.rstrip("/")

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def come_in(self) -> Visitor:
        """Open the address that was printed."""
        answer = self.get(f"/?{urlsplit(self.address).query}")
        assert answer.code == 303
        self.cookie = answer.headers["Set-Cookie"].split(";")[0]
        return self

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """Send exactly this, to a path below the console's own: header names have _ for -."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookie:
            sent.setdefault("Cookie", self.cookie)
        if not path.startswith(f"{self.path}/"):
            path = f"{self.path}{path}"
        with contextlib.closing(connection):
            connection.request(method, path, body or None, sent)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.headers), answer.read())

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def post(self, path: str, form: Mapping[str, str] | None = None, **headers: str) -> Answer:
        """Send a form as a page of the console does."""
        own = {"Origin": self.origin, "Content_Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, urlencode(form or {}).encode(), **{**own, **headers})


def environment_of(aws: Any, cloud: Cloud) -> dict[str, str]:
    """Return an environment that leads to a stack of a cloud's parts, which it makes."""
    return {**os.environ, **make_stack(aws, cloud)}


def start(environment: Mapping[str, str], *arguments: str) -> subprocess.Popen[str]:
    """Start `dlc-batch console` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "dlc_batch", "console", "--no-browser", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(environment),
    )


@contextlib.contextmanager
def running(environment: Mapping[str, str]) -> Iterator[str]:
    """A console that runs; its address."""
    process = start(environment)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate(timeout=30)
