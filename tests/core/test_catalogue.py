"""The catalogue has every problem that the code can find, and no other."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from dlc_batch_core.catalogue import CATALOGUE, CHAPTERS, problem
from dlc_batch_core.problems import Severity

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    file
    for folder in ("core", "src", "trainer_image", "functions")
    for file in (ROOT / folder).rglob("*.py")
    if file.name != "catalogue.py"
]
#: What makes a problem of a code, its first argument.
MAKERS = {"Problem", "problem", "_problem", "_fail", "_stop"}


def calls() -> Iterator[tuple[str, str]]:
    """The name of each call of a maker, and the code that it is given."""
    for file in SOURCES:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                first = node.args[0]
                if name in MAKERS and isinstance(first, ast.Constant):
                    yield name, str(first.value)


def words() -> set[str]:
    trees = (ast.parse(file.read_text("utf-8")) for file in SOURCES)
    nodes = (node for tree in trees for node in ast.walk(tree))
    return {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def test_every_problem_of_the_code_is_in_the_catalogue() -> None:
    made = {code for _, code in calls()}
    assert len(made) > 30
    assert made <= CATALOGUE.keys()


def test_every_entry_of_the_catalogue_is_a_problem_of_the_code() -> None:
    assert CATALOGUE.keys() <= words()


def test_what_is_made_by_hand_is_an_error_in_the_catalogue_too() -> None:
    by_hand = {code for name, code in calls() if name == "Problem"}
    assert {CATALOGUE[code].severity for code in by_hand} == {Severity.ERROR}


@pytest.mark.parametrize("code", CATALOGUE)
def test_an_entry_says_what_it_is_how_it_came_and_what_to_do(code: str) -> None:
    entry = CATALOGUE[code]
    assert entry.title[0].isupper() or entry.title.startswith(("config.yaml", "dlc-batch.yaml"))
    assert not entry.title.endswith(".")
    assert entry.cause.endswith(".")
    assert entry.remedy.endswith(".")
    found = problem(code, "config.yaml", "It is so.")
    assert (found.severity, found.remedy) == (entry.severity, entry.remedy)


def test_the_chapters_have_every_entry_once() -> None:
    assert [code for chapter in CHAPTERS.values() for code in chapter] == list(CATALOGUE)
