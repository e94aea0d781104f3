"""Label tables from the field, brought into one form without losing a label."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from dlc_batch_core.errors import LabError
from dlc_batch_trainer.label_tables import LabelTable, mend_label_tables, require_body_parts

HEAD = "scorer,{0},{0}\nbodyparts,nose,nose\ncoords,x,y\n"
TABLE = "labeled-data/v/CollectedData_me.csv"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "labeled-data/v").mkdir(parents=True)
    for number in (1, 2):
        Image.new("RGB", (20, 10)).save(tmp_path / f"labeled-data/v/img{number}.png")
    return tmp_path


def _mend(project: Path, text: str, *more: str) -> tuple[list[LabelTable], list[str]]:
    (project / TABLE).write_bytes(text.encode())
    mended: list[str] = []
    return mend_label_tables(project, "me", [TABLE, *more], mended), mended


PLAIN = HEAD.format("me") + "labeled-data/v/img1.png,1.5,2\nlabeled-data/v/img2.png,,\n"


def test_leaves_a_good_table_alone(project: Path) -> None:
    tables, mended = _mend(project, PLAIN)
    assert tables == [LabelTable("v", 2, frozenset({"nose"}), 20, 10)]
    assert mended == []
    assert (project / TABLE).read_text() == PLAIN


@pytest.mark.parametrize(
    "text",
    [
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
    ids=["backslashes", "copied", "windows", "crlf", "bom", "scorer", "three-columns"],
)
def test_brings_into_one_form(project: Path, text: str) -> None:
    tables, _ = _mend(project, text)
    assert [table.frames for table in tables] == [2]
    assert (project / TABLE).read_text() == PLAIN


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (PLAIN.replace("img2", "IMG2"), "IMG2.png"),
        (PLAIN + "labeled-data,v,img1.png,1,2\n", "two ways"),
        (PLAIN + "labeled-data/v/img1.png,1\n", "more or fewer columns"),
        ("not,a,table\n", "scorer, bodyparts and coords"),
        (HEAD.format("me"), "fewer than two"),
        ("", "scorer, bodyparts and coords"),
    ],
)
def test_refuses(project: Path, text: str, word: str) -> None:
    with pytest.raises(LabError, match=word) as caught:
        _mend(project, text)
    assert caught.value.remedy


def test_refuses_a_broken_image(project: Path) -> None:
    (project / "labeled-data/v/img2.png").write_bytes(b"")
    with pytest.raises(LabError, match=r"can't be read: img2\.png"):
        _mend(project, PLAIN)


@pytest.mark.parametrize("lost", ["CollectedData_me.h5", "CollectedData_you.csv"])
def test_refuses_to_lose_labels(project: Path, lost: str) -> None:
    with pytest.raises(LabError, match="labeled-data/w holds labels"):
        _mend(project, PLAIN, f"labeled-data/w/{lost}", "config.yaml")


def test_folders_without_labels_are_no_matter(project: Path) -> None:
    tables, _ = _mend(project, PLAIN, "labeled-data/w/img1.png", "labeled-data/stray.txt")
    assert len(tables) == 1


def test_refuses_body_parts_that_no_table_has(project: Path) -> None:
    tables, _ = _mend(project, PLAIN)
    require_body_parts({"bodyparts": ["nose"]}, tables)
    several = {"multianimalproject": True, "bodyparts": "MULTI!", "multianimalbodyparts": ["nose"]}
    require_body_parts(several, tables)
    with pytest.raises(LabError, match="no label table: tail"):
        require_body_parts({"bodyparts": ["nose", "tail"]}, tables)
    with pytest.raises(LabError, match="uniquebodyparts"):
        require_body_parts({**several, "uniquebodyparts": ["corner"]}, tables)
