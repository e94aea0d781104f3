"""Each command that asks AWS, in trouble: a clear sentence and its exit code, with a terminal and
without, and never a traceback."""

import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.way.terminal import in_terminal

#: With what each takes; `submit` and `fetch` have tests of their own.
COMMANDS = [
    ["list"],
    ["status", "mouse-0123456789ab"],
    ["watch", "mouse-0123456789ab"],
    ["logs", "mouse-0123456789ab"],
    ["logs", "mouse-0123456789ab", "-f"],
    ["cancel", "mouse-0123456789ab"],
    ["stop", "mouse-0123456789ab"],
    ["delete", "mouse-0123456789ab"],
    ["doctor"],
    ["redrive"],
    ["lab", "list"],
    ["teardown", "--keep-data"],
]
EXPIRED = b"""<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error>
<Type>Sender</Type><Code>ExpiredToken</Code><Message>The security token is expired</Message>
</Error></ErrorResponse>"""
each_command = pytest.mark.parametrize("command", COMMANDS, ids=" ".join)


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, str]]:
    """Returns what leads a client to an address, with keys that look like keys."""

    def of(url: str) -> dict[str, str]:
        values = {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_MAX_ATTEMPTS": "1",
            "DLC_BATCH_CLOUD": "aws",
        }
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        return {**os.environ}

    return of


@pytest.fixture
def silence() -> Iterator[socket.socket]:
    """A server that takes a request and never answers it."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening


@pytest.fixture
def expired() -> Iterator[str]:
    """AWS for somebody whose login has expired."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(403)
            self.send_header("Content-Length", str(len(EXPIRED)))
            self.end_headers()
            self.wfile.write(EXPIRED)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def url_of(silence: socket.socket) -> str:
    return f"http://127.0.0.1:{silence.getsockname()[1]}"


@each_command
def test_ctrl_c_while_it_waits_for_aws(
    command: list[str], silence: socket.socket, env: Callable[[str], dict[str, str]]
) -> None:
    program = [sys.executable, "-m", "dlc_batch", *command]
    process = subprocess.Popen(
        program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env(url_of(silence))
    )
    asking, _ = silence.accept()
    with asking:
        asking.recv(1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert err.split() == [b"Interrupted."]


@each_command
def test_a_login_that_has_expired(
    command: list[str], expired: str, env: Callable[[str], dict[str, str]], run_cli: Any
) -> None:
    env(expired)
    answer = run_cli(*command)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        "Error: AWS says: The security token is expired (ExpiredToken).\n"
        "Log in again, such as with `aws sso login`.\n"
    )


@each_command
def test_a_network_that_is_gone(
    command: list[str], closed_port: str, env: Callable[[str], dict[str, str]], run_cli: Any
) -> None:
    env(closed_port)
    answer = run_cli(*command)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("Error: Could not connect to the endpoint URL")
    assert "Check the network, then try again." in answer.err


@pytest.mark.usefixtures("stack")
@each_command
def test_a_stack_that_is_not_there(command: list[str], run_cli: Any) -> None:
    answer = run_cli("--stack", "no-such-stack", *command)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("Error: ")
    assert "no-such-stack" in answer.err or command == ["redrive"]


@pytest.mark.parametrize("command", [["list"], ["watch", "mouse-0123456789ab"]], ids=" ".join)
def test_in_a_terminal_it_says_the_same(
    command: list[str],
    silence: socket.socket,
    expired: str,
    env: Callable[[str], dict[str, str]],
) -> None:
    with in_terminal(*command, env=env(expired)) as terminal:
        assert terminal.end() == 2
    assert "Log in again" in terminal.text
    with in_terminal(*command, env=env(url_of(silence))) as terminal:
        asking, _ = silence.accept()
        with asking:
            asking.recv(1)
            terminal.press_ctrl_c()
            assert terminal.end() == 130
    assert terminal.text.rstrip().endswith("Interrupted.")
    assert "Traceback" not in terminal.text


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_disk_that_is_full_is_a_sentence() -> None:
    with Path("/dev/full").open("w") as full:
        program = [sys.executable, "-m", "dlc_batch", "completion", "fish"]
        done = subprocess.run(program, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2
    assert done.stderr == b"Error: No space left on device.\n"
