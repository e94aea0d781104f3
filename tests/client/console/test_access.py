"""Who is let in, and what a page of somebody else's can do: nothing."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from tests.client.console.running import Visitor

from dlc_batch.cloud import Cloud
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.run import Run, Status

PAGES = ("/", "/send", "/compare?run=a&run=b", "/runs/mouse-0123456789ab", "/static/console.js")


@pytest.mark.parametrize("path", PAGES)
def test_without_the_cookie_nothing_is_shown(stranger: Visitor, path: str) -> None:
    for cookie in ("", f"dlc-batch-console-{stranger.port}=guess", "other=1"):
        answer = stranger.get(path, **({"Cookie": cookie} if cookie else {}))
        assert answer.code == 403
        assert b"<" not in answer.body


@pytest.mark.parametrize("token", ["", "guess", "%00", "%C3%A9"])
def test_a_wrong_token_lets_nobody_in(stranger: Visitor, token: str) -> None:
    answer = stranger.get(f"/?token={token}")
    assert answer.code == 403
    assert "Set-Cookie" not in answer.headers


def test_the_address_lets_in_and_the_token_does_not_stay_in_it(stranger: Visitor) -> None:
    place = urlsplit(stranger.address)
    answer = stranger.get(f"/?{place.query}")
    assert (answer.code, answer.headers["Location"]) == (303, f"{stranger.path}/")
    given = answer.headers["Set-Cookie"]
    assert "HttpOnly" in given
    assert "SameSite=Strict" in given
    assert given.endswith(f"Path={stranger.path}") or f"Path={stranger.path};" in given
    assert len(stranger.path) == 23  # 128 bits
    assert place.query.removeprefix("token=") not in given
    assert stranger.get("/", Cookie=given.split(";")[0]).code == 200


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1", "127.0.0.1:1", "[::1]", "a@b"])
def test_a_name_that_was_made_to_lead_here_is_refused(visitor: Visitor, name: str) -> None:
    """DNS rebinding: the browser sends the page's own name as Host."""
    assert visitor.get("/", Host=name).code == 403
    assert visitor.get("/static/console.css", Host=name).code == 403


def test_its_own_names_are_taken(visitor: Visitor) -> None:
    for name in ("127.0.0.1", "localhost"):
        assert visitor.get("/", Host=f"{name}:{visitor.port}").code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "SAME", "Sec_Fetch_Site": "cross-site"},
        {"Origin": "SAME", "Sec_Fetch_Site": "same-site"},
    ],
    ids=str,
)
@pytest.mark.parametrize("way", ["cancel", "fetch"])
def test_no_other_page_can_do_anything(
    visitor: Visitor,
    cloud: Cloud,
    record: Callable[..., Run],
    headers: dict[str, str],
    way: str,
) -> None:
    run = record(status=Status.RUNNING, attempt=1)
    sent = {name: visitor.origin if value == "SAME" else value for name, value in headers.items()}
    answer = visitor.post(f"/runs/{run.run_id}/{way}", {"folder": "/tmp/x"}, **sent)
    assert answer.code == 403
    assert "control.json" not in _keys(cloud, run)


def test_a_post_without_an_origin_is_refused(visitor: Visitor, record: Callable[..., Run]) -> None:
    run = record(status=Status.RUNNING)
    assert visitor.ask("POST", f"/runs/{run.run_id}/cancel").code == 403
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        assert visitor.ask(method, f"/runs/{run.run_id}/cancel").code == 403
        assert visitor.ask(method, "/", Origin=visitor.origin).code in (200, 405)


def test_what_is_asked_by_get_changes_nothing(
    visitor: Visitor, cloud: Cloud, record: Callable[..., Run]
) -> None:
    run = record(status=Status.RUNNING, attempt=1)
    for way in ("cancel", "stop"):
        assert visitor.get(f"/runs/{run.run_id}/{way}").code == 200
    assert _keys(cloud, run) == ""


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static//etc/passwd",
        "/runs/..%2f..%2fsecret",
        "/runs/mouse-0123456789ab/reports/1/../../x",
        "/runs/mouse-0123456789ab/reports/-1/content",
        "/runs/%00",
        "/drops/..%2f..%2fetc%2fpasswd",
        "/%ff%fe",
    ],
)
def test_paths_lead_nowhere_else(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path)
    assert answer.code in (400, 404)
    assert "root:" not in answer.text
    assert "def make_app" not in answer.text


def test_each_answer_forbids_scripts_within_it_and_being_framed(visitor: Visitor) -> None:
    for path in ("/", "/nowhere", "/send"):
        headers = visitor.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.2 is no address of ours")
def test_only_this_computer_can_reach_it(address: str) -> None:
    """It listens on 127.0.0.1, and on no other address of this computer."""
    port = urlsplit(address).port
    with socket.socket() as other:
        other.bind(("127.0.0.2", port or 0))  # free, as it would not be with 0.0.0.0


def test_a_request_that_is_too_large_is_not_taken(visitor: Visitor) -> None:
    with socket.create_connection(("127.0.0.1", visitor.port)) as raw:
        head = f"POST /drops HTTP/1.1\r\nHost: 127.0.0.1:{visitor.port}\r\n"
        raw.sendall(f"{head}Content-Length: {1 << 40}\r\n\r\n".encode())
        assert b" 413 " in raw.recv(100)


def _keys(cloud: Cloud, run: Run) -> str:
    prefix = RunKeys(run.lab, run.run_id).prefix
    found = cloud.s3.list_objects_v2(Bucket=cloud.bucket, Prefix=prefix).get("Contents", [])
    return " ".join(each["Key"] for each in found)
