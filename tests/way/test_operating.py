"""The commands of docs/operate.md, one after the other as they stand there, on their own stack."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dlc_batch.local.home import Home
from dlc_batch.local.lifecycle import down

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^dlc-batch (.*)$", PAGE, re.MULTILINE)
#: What only shows what would be done, until it is said with --yes.
SHOWS = 2


@pytest.fixture(scope="module")
def operated(start_way: Callable[[Path], Any], zip_project: Callable[..., bytes]) -> Any:
    way = start_way(ROOT / "template.yaml")
    run = way.put(zip_project(), "uploads/miller/p.zip")
    way.ended(run)
    yield way, run
    down(Home(way.cloud.home), print)


def test_every_command_of_the_page_does_what_it_says(
    operated: tuple[Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    way, run = operated
    monkeypatch.setenv("DLC_BATCH_LAB", "miller")  # as the page exports it
    done = {}
    for line in COMMANDS:
        result = way.command(*shlex.split(line.replace("RUN", run)), answers="y\n")
        shows_only = line == "delete RUN"
        assert result.returncode == (SHOWS if shows_only else 0), f"{line}: {result.stderr}"
        done[line] = result.stdout

    assert "miller" in done["lab list"]
    assert run in done["list"]
    assert "SUCCEEDED" in done["status RUN"]
    assert "deleted" in done["delete RUN --yes"]
    assert f"left: bucket {way.bucket}" in done["teardown --keep-data"]
    assert "Nothing that costs is left" in done["teardown --delete-data"]
