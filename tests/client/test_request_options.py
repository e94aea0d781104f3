"""Options made of the one schema, and what they ask for over a project's own dlc-batch.yaml."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlc_batch.cli import cli
from dlc_batch.cli.request_options import GROUPS, changes_of
from dlc_batch.cli.submit import submit
from dlc_batch.request_changes import RequestChanges, changed_request
from dlc_batch_core.camera_fields import CAMERA_FIELDS
from dlc_batch_core.cameras import Board, Cameras
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.request import FIELDS, parse_request
from dlc_batch_core.yaml_reader import read_yaml_mapping

RunCli = Callable[..., Any]
EXAMPLES = [field for field in FIELDS if field.name not in ("overrides", "cameras")]


def asked(*arguments: str) -> RequestChanges:
    """What the command would be told."""
    names = {field.name for field in FIELDS}
    # as one of the program's: click makes its help option once, as the first context wants it
    program = click.Context(cli, **cli.context_settings)
    params = submit.make_context("submit", [".", *arguments], parent=program).params
    return changes_of({name: value for name, value in params.items() if name in names})


def test_each_key_of_the_request_has_an_option_in_one_group() -> None:
    options = [param.name for param in submit.params if isinstance(param, click.Option)]
    grouped = [name for group in GROUPS.values() for name in group.split()]
    assert {field.name for field in FIELDS} <= set(options)
    assert sorted(grouped) == sorted(field.name for field in FIELDS)


@pytest.mark.parametrize("field", EXAMPLES, ids=lambda field: field.name)
def test_the_example_of_each_key_is_taken(field: Any) -> None:
    flag = f"--{field.name.replace('_', '-')}"
    value = read_yaml_mapping(f"value: {field.example}", "example")["value"]
    switches = [flag] if value is True else [f"--no-{flag[2:]}"]
    changes = asked(*(switches if isinstance(value, bool) else [flag, field.example]))
    assert changes.values == {field.name: value}
    assert parse_request(changes.over("")) == parse_request(f"{field.name}: {field.example}")


@pytest.mark.parametrize(
    ("arguments", "values"),
    [
        (["--shuffles", "1,2"], {"shuffles": [1, 2]}),
        (["--shuffles", "3"], {"shuffles": [3]}),
        (["--shuffles", "[4, 5]"], {"shuffles": [4, 5]}),
        (["--analyze-videos", "true"], {"analyze_videos": True}),
        (
            ["--analyze-videos", "videos/a.mp4, b.avi"],
            {"analyze_videos": ["videos/a.mp4", "b.avi"]},
        ),
        (["--batch-size", "auto", "--no-evaluate"], {"batch_size": "auto", "evaluate": False}),
        (["--time-limit-hours", "1.5"], {"time_limit_hours": 1.5}),
    ],
)
def test_lists_are_written_with_commas(arguments: list[str], values: dict[str, object]) -> None:
    assert asked(*arguments).values == values


def test_settings_of_deeplabcut_go_by_dotted_path() -> None:
    changes = asked("--set", "train_settings.batch_size=4", "--set", "data.train.hflip=true")
    overrides = {"train_settings.batch_size": 4, "data.train.hflip": True}
    assert changes.overrides == overrides
    text = changes.over(
        "epochs: 5\noverrides: {train_settings.batch_size: 2, data.bbox_margin: 9}"
    )
    request = parse_request(text)
    assert request.epochs == 5
    assert request.overrides == {**overrides, "data.bbox_margin": 9}


def test_settings_of_cameras_go_by_dotted_path() -> None:
    changes = asked(
        *("--camera", "names=left,right"),
        *("--camera", "board.columns=9", "--camera", "board.rows=6"),
        *("--camera", "offsets.right=-3", "--camera", "require_calibration=true"),
        *("--camera", "calibration=rig 1/calib", "--no-triangulate"),
        *("--camera", "networks.right=reach-right-0123456789ab"),
    )
    assert changes.values == {"triangulate": False}
    own = "cameras: {names: [a, b], board: {columns: 5, rows: 4, square_mm: 12.5}}\n"
    request = parse_request(changes.over(own))
    assert request.cameras == Cameras(
        ("left", "right"),
        "rig 1/calib",
        Board(9, 6, 12.5),
        {"right": -3},
        True,
        networks={"right": "reach-right-0123456789ab"},
    )
    assert not request.triangulate
    assert parse_request(changes.over("")).cameras is not None


@pytest.mark.parametrize("own", ["cameras: 3", "cameras: [a, b]", "cameras: {board: 9x6}"])
def test_a_section_that_is_none_is_still_told(own: str) -> None:
    changes = asked("--camera", "board.columns=9", "--camera", "names=a,b")
    with pytest.raises(ProjectError):
        parse_request(changes.over(own))


@pytest.mark.parametrize("field", CAMERA_FIELDS, ids=lambda field: field.name)
def test_the_example_of_each_setting_of_cameras_is_taken(field: Any) -> None:
    value = read_yaml_mapping(f"value: {field.example}", "example")["value"]
    assert asked("--camera", f"{field.name}={field.example}").cameras == {field.name: value}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--camera", "names"], "is not SETTING=VALUE"),
        (["--camera", "names=left"], "`left` is not a list of 2 to 16"),
        (["--camera", "board.columns=many"], "`many` is not a whole number from 3 to 50."),
        (["--epochs", "0"], "`0` is not a whole number from 1 to 100000."),
        (["--epochs", "many"], "`many` is not a whole number"),
        (["--engine", "jax"], "`jax` is not pytorch or tensorflow."),
        (["--shuffles", "1,1"], "different shuffle numbers"),
        (["--set", "train_settings.epochs"], "is not PATH=VALUE"),
        (["--set", "=4"], "is not PATH=VALUE"),
    ],
)
def test_a_value_that_is_not_accepted_is_told(
    arguments: list[str], words: str, project: Path, run_cli: RunCli
) -> None:
    answer = run_cli("submit", project, *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err


def test_a_setting_that_may_not_be_set_is_told_by_the_check(
    project: Path, run_cli: RunCli
) -> None:
    answer = run_cli("submit", project, "--set", "runner.device=3", "--dry-run", "--json")
    assert answer.code == 1
    assert answer.json["problems"][0]["code"] == "request-override"


def test_what_is_wrong_with_the_projects_own_request_is_told(
    project: Path, run_cli: RunCli
) -> None:
    for text in ("epoch: 3\n", "epochs: [\n", "- 1\n", b"\xff\xfe"):
        content = text if isinstance(text, bytes) else text.encode()
        (project / "dlc-batch.yaml").write_bytes(content)
        answer = run_cli("submit", project, "--epochs", "3", "--json")
        assert (answer.code, answer.json["trainable"]) == (1, False)
        assert answer.json["problems"][0]["where"].startswith("dlc-batch.yaml")


def test_a_zip_takes_no_options_and_says_what_to_write(project: Path, run_cli: RunCli) -> None:
    archive = project.with_suffix(".zip")
    subprocess.run(["zip", "-qr", archive, "mouse"], cwd=project.parent, check=True)
    answer = run_cli("submit", archive, "--shuffles", "1,2")
    assert (answer.code, answer.out) == (2, "")
    assert "shuffles: [1, 2]" in answer.err


def test_no_options_change_nothing(project: Path) -> None:
    assert changed_request(project, RequestChanges()) is None


SCALARS = st.one_of(
    st.booleans(), st.integers(-(10**9), 10**9), st.floats(allow_nan=False, allow_infinity=False)
)
TEXTS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1)


@given(
    st.dictionaries(st.sampled_from([field.name for field in EXAMPLES]), SCALARS),
    st.dictionaries(TEXTS, st.one_of(SCALARS, TEXTS)),
)
def test_what_is_written_is_read_the_same(
    values: dict[str, object], overrides: dict[str, object]
) -> None:
    read = read_yaml_mapping(RequestChanges(values, overrides).over(""), "request")
    assert read.pop("overrides", {}) == overrides
    assert read == values


def test_the_check_takes_the_options_of_the_request_too(run_cli: RunCli, project: Path) -> None:
    checked = run_cli("check", str(project), "--camera", "names=left,right")
    assert checked.code == 1
    assert "There is no calibration image here" in checked.out
    assert run_cli("check", str(project), "--epochs", "7").code == 0
    assert run_cli("check", str(project.parent / "none"), "--epochs", "7").code == 1
