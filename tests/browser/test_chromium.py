"""Which browser is taken."""

from __future__ import annotations

from pathlib import Path

from tests.browser.chromium import MADE, find_chromium, find_installed


def test_the_one_that_is_named_comes_first() -> None:
    assert find_chromium({"DLC_BATCH_CHROMIUM": "/opt/c", "PATH": "/bin"}) == Path("/opt/c")


def test_then_one_of_the_path(tmp_path: Path) -> None:
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert find_chromium({"PATH": str(tmp_path)}) == program


def test_then_the_one_that_was_made_here(tmp_path: Path) -> None:
    assert find_installed({"PATH": str(tmp_path)}) is None
    assert find_chromium({"PATH": str(tmp_path)}) == (MADE if MADE.is_file() else None)
