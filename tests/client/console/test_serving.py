"""The console as a process: its address, its end, and what it says when AWS does not answer."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.client.console.running import Answer, Visitor, environment_of, running, start
from tests.client.relay import relay_to

from dlc_batch.cloud import Cloud
from dlc_batch.console.serving import has_screen
from dlc_batch_core.run import Run

INTERRUPT = signal.SIGINT
#: Ctrl-C, and what a terminal sends that is closed, where there is such.
ENDS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@pytest.mark.parametrize("number", ENDS)
def test_it_says_where_it_is_and_ends_when_told(
    aws: Any, cloud: Cloud, tmp_path: Path, number: int
) -> None:
    process = start({**environment_of(aws, cloud), "TMPDIR": str(tmp_path)})
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    assert re.fullmatch(
        r"http://127\.0\.0\.1:[0-9]+/[A-Za-z0-9_-]{22}/\?token=[A-Za-z0-9_-]{43}", address
    )
    assert Visitor(address).come_in().get("/").code == 200
    assert list(tmp_path.iterdir()) != []  # where zips would lie
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "")
    assert err == "Ctrl-C ends the console; the runs go on.\nThe console has ended.\n"
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OSError, match="refused"):
        Visitor(address).get("/")


def test_the_address_in_json(aws: Any, cloud: Cloud) -> None:
    process = start(environment_of(aws, cloud), "--json")
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "}\n")
    address = json.loads("".join(lines) + "}")["address"]
    assert Visitor(address).come_in().get("/").code == 200
    process.send_signal(INTERRUPT)
    assert process.communicate(timeout=30)[0] == ""


def test_a_port_can_be_chosen_and_one_that_is_taken_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        process = start(os.environ, "--port", str(port))
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert err == (
        f"Error: Port {port} of this computer is taken, or may not be used.\n"
        "Name another one, or leave --port away.\n"
    )
    process = start(os.environ, "--port", str(port))
    assert process.stdout is not None
    assert urlsplit(process.stdout.readline()).port == port
    process.send_signal(INTERRUPT)
    process.communicate(timeout=30)


@pytest.mark.parametrize(
    ("environment", "platform", "is_one"),
    [
        ({}, "linux", False),  # by ssh, say: lynx would take the terminal over
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"BROWSER": "wslview"}, "linux", True),
        ({}, "darwin", True),
        ({}, "win32", True),
    ],
)
def test_a_browser_is_opened_where_there_is_a_screen(
    environment: dict[str, str], platform: str, is_one: bool
) -> None:
    assert has_screen(environment, platform) == is_one


def test_help_imports_neither_a_web_framework_nor_boto3() -> None:
    program = (
        "import sys; from dlc_batch.cli import cli\n"
        "cli(['console', '--help'], standalone_mode=False)\n"
        "print([m for m in ('flask', 'waitress', 'jinja2', 'boto3') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert told.stdout.endswith("[]\n"), told.stderr


def test_without_its_packages_it_says_how_to_get_them() -> None:
    program = (
        "import sys, importlib.util as u; found = u.find_spec\n"
        "u.find_spec = lambda name, *more: None if name == 'waitress' else found(name, *more)\n"
        "sys.argv = ['dlc-batch', 'console']; from dlc_batch.cli import main; main()"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert told.returncode == 2
    assert told.stderr == (
        "Error: The console needs two more packages, flask and waitress.\n"
        "In the checkout: pip install '.[console]'\n"
    )


def test_a_network_that_is_gone_is_a_banner_and_then_it_goes_on(
    aws: Any, cloud: Cloud, record: Callable[..., Run]
) -> None:
    path = f"/runs/{record().run_id}"
    with relay_to(aws.endpoint_url) as relay:
        relay.broken = lambda _: "gone"
        environment = {**environment_of(aws, cloud), "AWS_ENDPOINT_URL": relay.url}
        with running(environment) as address:
            visitor = Visitor(address).come_in()
            answer = visitor.get("/")  # it was never there
            assert answer.code == 503
            assert "Check the network, then try again." in answer.text
            assert "data-reload" in answer.text
            relay.broken = lambda _: None
            assert visitor.get("/").code == 200
            assert visitor.get(path).code == 200
            relay.broken = lambda _: "gone"
            answer = until(lambda: visitor.get(path, X_Live="1"), 503)
            assert "<html" not in answer.text
            assert "The page tries again by itself." in answer.text
            relay.broken = lambda _: None
            assert visitor.get(path, X_Live="1").code == 200


def until(ask: Callable[[], Answer], code: int) -> Answer:
    """Ask until it is so: what was seen a moment ago is shown for some seconds."""
    end = time.monotonic() + 30
    while (answer := ask()).code != code and time.monotonic() < end:
        time.sleep(0.2)
    assert answer.code == code
    return answer
