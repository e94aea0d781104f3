"""docs/faults.md: each row names a test that there is."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(test_\w+\.py)::(test_\w+)` \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_every_row_has_its_test(file: str, test: str) -> None:
    text = (ROOT / "tests" / "way" / file).read_text(encoding="utf-8")
    assert f"\ndef {test}(" in text


def test_every_row_is_looked_at() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    assert len(NAMED) == len(rows) - 2  # the head and its line


def test_every_test_of_a_fault_has_a_row() -> None:
    text = (ROOT / "tests" / "way" / "test_faults.py").read_text(encoding="utf-8")
    tests = set(re.findall(r"^def (test_\w+)\(", text, re.MULTILINE))
    assert tests == {test for file, test in NAMED if file == "test_faults.py"}
