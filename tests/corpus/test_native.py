"""What the check finds is not imaginary: DeepLabCut 3.0.2 itself fails, or loses data in silence.

Called by hand as a lab calls it, on the lab's folder, without anything of ours.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.corpus import CASES, Case

NATIVE = Path(__file__).with_name("native.py")
SHOWN = {name: case for name, case in CASES.items() if case.native}
GOOD = {
    name: CASES[name] for name in ("good_project_of_one_animal", "good_project_of_two_animals")
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of each project: one process, for DeepLabCut takes 16 s to import."""
    projects, target = tmp_path_factory.mktemp("projects"), tmp_path_factory.mktemp("native")
    for name, case in (GOOD | SHOWN).items():
        case.draft().write_to(projects / name)
    # a closed port: nothing is asked for over the network; one thread, for cores are few
    environment = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, NATIVE, projects, target / "answers.json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads((target / "answers.json").read_text())
    return found


@pytest.mark.parametrize("name", GOOD)
def test_native_deeplabcut_takes_every_frame_of_a_good_project(
    answers: dict[str, Any], name: str
) -> None:
    answer = answers[name]
    assert answer["step"] == "done", answer
    sides = answer["loaded"].values()
    assert sum(side["frames"] for side in sides) == answer["frames"] == 60
    assert sum(sum(side["points_by_part"]) for side in sides) == answer["points"]


@pytest.mark.parametrize("case", SHOWN.values(), ids=SHOWN)
def test_native_deeplabcut_fails_or_loses_data(answers: dict[str, Any], case: Case) -> None:
    expected, answer = case.native, answers[case.name]
    assert expected is not None
    if expected.at:
        assert answer["step"] == expected.at, answer
    assert answer.get("raised", "") == expected.raises, answer
    assert expected.says in answer.get("text", "") + answer["printed"], answer
    if expected.raises:
        return
    loaded = sum(sum(side["points_by_part"]) for side in answer["loaded"].values())
    counts = {"frames": answer["frames"], "points": answer["points"], "loaded": loaded}
    told = {name: value for name in counts if (value := getattr(expected, name)) is not None}
    assert told, "the case says neither what is raised nor what is lost"
    for name, value in told.items():
        assert counts[name] == value != expected.of, answer
