"""What can't be trained ends REJECTED: one mail that names problem and remedy, and no job."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.mail_words import words_of

TAG = "Task: !!python/object/apply:os.system ['touch /tmp/dlc-batch-was-here']\n"

BROKEN: dict[str, tuple[Any, str, str]] = {
    # what it is: (members to change, or the object; where; a word of problem or remedy)
    "not a zip": (b"Rar!\x1a\x07", "not a zip", "Zip the project folder"),
    "an empty object": (b"", "not a zip", "Zip the project folder"),
    "no config.yaml": ({"config.yaml": None}, "holds no config.yaml", "Zip the whole project"),
    "YAML errors": ({"config.yaml": "Task: [reach\n"}, "config.yaml, line", "mend the line"),
    "a Python tag": ({"config.yaml": TAG}, "python/object/apply", "Remove the tag"),
    "an unknown key": ({"dlc-batch.yaml": "epoch: 3\n"}, "`epoch`", "Did you mean `epochs`?"),
    "no labels": ({"labeled-data/one/CollectedData_ada.csv": None}, "labeled-data/", "Save the"),
    "another scorer": (
        {
            "labeled-data/one/CollectedData_ada.csv": None,
            "labeled-data/one/CollectedData_bob.csv": "scorer,bob,bob",
        },
        "there is CollectedData_bob.csv",
        "Set `scorer` in config.yaml",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_upload_is_rejected(
    way: Any, zip_project: Callable[..., bytes], what: str
) -> None:
    change, problem, remedy = BROKEN[what]
    content = change if isinstance(change, bytes) else zip_project(change)

    run = way.put(content, f"uploads/broken/{what}.zip")

    ended = way.ended(run)
    assert ended.status == "REJECTED"
    (mail,) = way.mails(run)
    assert "REJECTED" in mail.subject
    assert problem in words_of(mail)
    assert remedy in words_of(mail)
    assert way.jobs(run) == []


def test_every_problem_is_told_at_once(way: Any, zip_project: Callable[..., bytes]) -> None:
    config = "Task: reach\nscorer: ada\nTrainingFraction: [95]\nbodyparts: [hand, hand]\n"
    content = zip_project({"config.yaml": config, "dlc-batch.yaml": "epochs: none\nsed: 1\n"})

    run = way.put(content, "uploads/broken/many.zip")

    way.ended(run)
    (mail,) = way.mails(run)
    for part in ("`date`", "TrainingFraction", "`bodyparts`", "`epochs: none`", "`sed`"):
        assert part in words_of(mail)


@pytest.mark.parametrize(
    ("key", "lab"),
    [
        ("uploads/archive.rar", "default"),
        ("uploads/Miller Lab/project.zip", "default"),
        ("uploads/miller/deep/project.zip", "miller"),
    ],
)
def test_a_key_that_is_no_project_is_told_too(way: Any, key: str, lab: str) -> None:
    run = way.put(b"something", key)

    ended = way.ended(run)
    assert (ended.status, ended.lab) == ("REJECTED", lab)
    (mail,) = way.mails(run)
    assert "uploads/<lab>/<name>.zip" in words_of(mail)


def test_the_empty_object_of_a_folder_is_ignored(way: Any) -> None:
    folder = way.put(b"", "uploads/miller/")
    assert way.deliver("SubmitFunction", way.event_of("uploads/miller/")) == []

    assert way.items(folder) == []
    assert way.mails(folder) == []


@pytest.mark.parametrize(
    "name",
    ["my mouse", "a+b", "100% done", "100%25 done", "Größe", "a&b=c;d", "it's", "老鼠", "x.ZIP"],
)
def test_any_name_of_a_zip_will_do(way: Any, zip_project: Callable[..., bytes], name: str) -> None:
    suffix = "" if name.endswith(".ZIP") else ".zip"

    run = way.put(zip_project(), f"uploads/names/{name}{suffix}")

    assert way.ended(run).status == "SUCCEEDED"
    assert way.run(run).key == f"uploads/names/{name}{suffix}"
