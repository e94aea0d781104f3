"""YAML of strangers: nothing runs, nothing grows, and only a ProjectError comes out."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dlc_batch_core.errors import ProjectError
from dlc_batch_core.problems import Problem
from dlc_batch_core.yaml_reader import MAX_YAML_BYTES, read_yaml_mapping

MEMORY_BYTES, CPU_SECONDS = 400 << 20, 120


def problem_of(text: str) -> Problem:
    with pytest.raises(ProjectError) as caught:
        read_yaml_mapping(text, "config.yaml")
    (problem,) = caught.value.problems
    return problem


def test_a_mapping_is_read() -> None:
    assert read_yaml_mapping("a: 1\nb: [x, 2.5]\n", "x") == {"a": 1, "b": ["x", 2.5]}
    assert read_yaml_mapping("", "x") == read_yaml_mapping("# only words", "x") == {}


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system ['touch {file}']",
        "!!python/object/new:os.system ['touch {file}']",
        "!!python/name:os.system",
        "!!python/module:os",
        "!unknown x",
    ],
)
def test_a_tag_runs_nothing(tag: str, tmp_path: Path) -> None:
    file = tmp_path / "made-by-yaml"
    problem = problem_of("a: 1\nb: " + tag.format(file=file))
    assert (problem.code, problem.where) == ("yaml-tag", "config.yaml, line 2")
    assert not file.exists()


def test_duplicate_keys_are_told_with_their_line() -> None:
    problem = problem_of("a: 1\nb: 2\na: 3\n")
    assert problem.code == "yaml-duplicate-key"
    assert problem.where == "config.yaml, line 3"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: [1", "yaml-syntax"),
        ("\ta: 1", "yaml-syntax"),
        ("a: !!bool maybe", "yaml-syntax"),
        ("a: !!int ''", "yaml-syntax"),
        ("a: !!timestamp x", "yaml-tag"),
        ("a: 2024-13-45", "yaml-syntax"),
        ("a: " + "[" * 5_000, "yaml-syntax"),
        ("- a\n- b", "yaml-not-a-mapping"),
        ("1: 2", "yaml-not-a-mapping"),
        ("just words", "yaml-not-a-mapping"),
        ("a: 0x" + "f" * 5_000, "yaml-value"),  # can't be written as a decimal
        ('a: {b: ["\\ud800"]}', "yaml-value"),  # can't be written as UTF-8
        ('a: {"\\ud800": 1}', "yaml-value"),
        ("a: &a {x: 1}\nb: {<<: *a}", "yaml-tag"),
    ],
)
def test_what_is_no_plain_yaml_is_a_problem(text: str, code: str) -> None:
    assert problem_of(text).code == code


def bomb(levels: int, link: str) -> str:
    lines = ["a0: &a0 {k: v}"]
    for n in range(1, levels):
        nine = ", ".join([f"*a{n - 1}"] * 9)
        lines.append(f"a{n}: &a{n} {link.replace('NINE', nine)}")
    return "\n".join(lines)


#: Each would take gigabytes or hours if it were written out or merged.
BOMBS = {
    "aliases": bomb(40, "[NINE]") + "\nTask: *a39\nengine: *a39\nscorer: *a39\noverrides: *a39",
    "merge keys": bomb(40, "{<<: [NINE], own: 1}"),
    "itself": "a: &a [*a, {b: *a}]\nTask: *a\noverrides: {data.train.x: *a}",
    "long scalars": "s: &s " + "x" * 50_000 + "\nTask: [" + "*s, " * 10_000 + "]",
    "long key": "s: &s " + "x" * 50_000 + "\noverrides:\n  ? [" + "*s, " * 10_000 + "]\n  : 1",
    "longest": "a: [" + "1," * (MAX_YAML_BYTES // 2 - 10) + "]",
}
READ = """
import sys
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.project import parse_project
from dlc_batch_core.request import parse_request
from dlc_batch_core.yaml_reader import read_yaml_mapping
text = sys.stdin.read()
for read in (parse_request, lambda text: parse_project(read_yaml_mapping(text, "x"), "x")):
    try:
        read(text)
        sys.exit("it was taken")
    except ProjectError as error:
        print(str(error)[:1000])
"""


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_neither_time_nor_memory(name: str) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))

    subprocess.run(
        [sys.executable, "-c", READ], input=BOMBS[name], text=True, check=True, preexec_fn=limit
    )


@given(
    st.one_of(st.text(max_size=300), st.binary(max_size=300).map(lambda b: b.decode("latin-1")))
)
@example("a: 0001-01-01T00:00:00+23:59")
@example("? [a]\n: 1")
@example("%YAML 9.9\n---\na: 1")
def test_rubbish_gives_a_mapping_or_a_problem(text: str) -> None:
    try:
        value = read_yaml_mapping(text, "config.yaml")
    except ProjectError as error:
        places = [each.where for each in error.problems]
    else:
        places = ["config.yaml" for key in value if isinstance(key, str)]
        assert len(places) == len(value)
    assert all(place.startswith("config.yaml") for place in places)


@pytest.mark.parametrize("text", ["a: &x [*x]", "a: &x {b: [1, *x]}", "&x {a: *x}"])
def test_an_alias_inside_what_it_stands_for_is_refused(text: str) -> None:
    with pytest.raises(ProjectError) as caught:
        read_yaml_mapping(text, "config.yaml")
    assert [each.code for each in caught.value.problems] == ["yaml-value"]


def test_an_alias_beside_what_it_stands_for_is_read() -> None:
    # an anchor given twice is legal: Python's warnings, here errors, say nothing of it
    value = read_yaml_mapping("a: &x [1]\nb: [*x, *x]\nc: &x 2\nd: *x", "config.yaml")
    assert value == {"a": [1], "b": [[1], [1]], "c": 2, "d": 2}


def test_half_a_character_in_a_message_can_be_written_out() -> None:
    with pytest.raises(ProjectError) as caught:
        read_yaml_mapping('scorer: "\\ud800"\nscorer: "\\ud800"\n', "config.yaml")
    (problem,) = caught.value.problems
    assert problem.code == "yaml-duplicate-key"
    assert "\\ud800" in problem.what.encode().decode()
