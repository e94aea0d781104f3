"""Our copy's label tables and settings, written as the check mended them."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from dlc_batch_core.check import Check, check_files
from dlc_batch_core.project_files import ProjectFiles
from dlc_batch_core.project_folder import FolderArchive
from dlc_batch_core.request import Request
from dlc_batch_trainer.label_tables import write_label_tables

HEAD = "scorer,{0},{0}\nbodyparts,nose,nose\ncoords,x,y\n"
PLAIN = HEAD.format("me") + "labeled-data/v/img1.png,1.5,2\nlabeled-data/v/img2.png,3,4\n"
TABLE = "labeled-data/v/CollectedData_me.csv"
CONFIG = (
    "Task: walk\nscorer: me\ndate: Jan1\nbodyparts: [nose]\nTrainingFraction: [0.95]\n"
    "iteration: 0\nvideo_sets: {v.mp4: {crop: '0, 20, 0, 10'}}\n"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "labeled-data/v").mkdir(parents=True)
    (tmp_path / "config.yaml").write_text(CONFIG)
    for number in (1, 2):
        Image.new("RGB", (20, 10)).save(tmp_path / f"labeled-data/v/img{number}.png")
    return tmp_path


def check(project: Path, text: str, *more: str) -> Check:
    (project / TABLE).write_bytes(text.encode())
    return check_files(ProjectFiles(FolderArchive(project, also=more), ""), Request())


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.replace("/", "\\"),
        PLAIN.replace("labeled-data/v", "labeled-data/where-it-was-copied-from"),
        PLAIN.replace("labeled-data/v", "C:\\lab\\walk\\labeled-data\\v").replace("\\v/", "\\v\\"),
        PLAIN.replace("\n", "\r\n"),
        "\ufeff" + PLAIN,
        PLAIN.replace("me", "someone-else"),
        PLAIN.replace("scorer,", "scorer,,,")
        .replace("bodyparts,", "bodyparts,,,")
        .replace("coords,", "coords,,,")
        .replace("labeled-data/v/", "labeled-data,v,"),
    ],
    ids=["plain", "backslashes", "copied", "windows", "crlf", "bom", "scorer", "three-columns"],
)
def test_all_are_written_in_one_form(project: Path, text: str) -> None:
    found = check(project, text)
    assert found.is_trainable
    write_label_tables(project, found.tables)
    assert (project / TABLE).read_bytes() == PLAIN.encode()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (PLAIN.replace("img2", "IMG2"), "image-case"),
        (PLAIN.replace("img2", "img3"), "image-missing"),
        (PLAIN + "labeled-data,v,img1.png\n", "label-index"),
        ("not,a,table\n", "label-table-headers"),
        (HEAD.format("me"), "too-few-labels"),
        ("", "label-table-csv"),
        (PLAIN.replace("nose", "tail"), "bodypart-not-in-tables"),
    ],
)
def test_what_would_lose_labels_is_refused(project: Path, text: str, code: str) -> None:
    found = check(project, text)
    assert not found.is_trainable
    assert code in {each.code for each in found.problems}


def test_a_broken_image_is_refused(project: Path) -> None:
    (project / "labeled-data/v/img2.png").write_bytes(b"")
    found = check(project, PLAIN)
    assert [p.where for p in found.problems if p.code == "image-unreadable"] == [
        "labeled-data/v/img2.png"
    ]


@pytest.mark.parametrize("lost", ["CollectedData_me.h5", "CollectedData_you.csv"])
def test_labels_that_are_not_read_are_refused_even_if_they_were_not_unpacked(
    project: Path, lost: str
) -> None:
    found = check(project, PLAIN, f"labeled-data/w/{lost}", "config.yaml")
    assert [p.where for p in found.problems if p.code == "label-table-lost"] == ["labeled-data/w/"]


def test_folders_without_labels_are_no_matter(project: Path) -> None:
    found = check(project, PLAIN, "labeled-data/w/img1.png", "labeled-data/stray.txt")
    assert found.is_trainable
    assert len(found.tables) == 1
