"""A folder is checked as its zip would be."""

import io
import shutil
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import pytest

from dlc_batch_core.check import check_archive, check_upload
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.project_folder import FolderArchive

TABLE = "mouse/labeled-data/video1/CollectedData_Ann.csv"


@pytest.fixture
def folder(tmp_path: Path, project_files: Mapping[str, bytes]) -> Path:
    for name, data in project_files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    return tmp_path / "mouse"


def codes_of(folder: Path) -> list[str]:
    return [each.code for each in check_archive(FolderArchive(folder), "mouse").problems]


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("config.yaml", b"Task: ["),
        ("config.yaml", b"\xff\xfe"),
        ("config.yaml", b"#" * 2_000_000),
        ("dlc-batch.yaml", b"epoch: 1"),
        ("labeled-data/video1/CollectedData_Ann.csv", b"nothing"),
        ("labeled-data/video1/CollectedData_Ann.csv", b"\xff"),
        ("labeled-data/video1/img01.png", b""),
        ("labeled-data/video2/img01.png", b"\x89PNG"),
        ("labeled-data/video2/CollectedData_Ann.h5", b""),
        ("backup/config.yaml", b""),
        ("labeled-data/.DS_Store", b""),
        (".git/config.yaml", b""),
    ],
)
def test_a_folder_and_its_zip_give_the_same_check(folder: Path, path: str, data: bytes) -> None:
    (folder / path).parent.mkdir(exist_ok=True)
    (folder / path).write_bytes(data)
    archive = shutil.make_archive(str(folder), "zip", folder.parent, "mouse")
    of_zip = check_upload(io.BytesIO(Path(archive).read_bytes()), "mouse")
    of_folder = check_archive(FolderArchive(folder), "mouse")
    assert of_folder.problems == of_zip.problems
    assert of_folder.mended == of_zip.mended


def test_links_are_followed_and_circles_end(folder: Path) -> None:
    frames = folder / "labeled-data/video1"
    (frames / "img01.png").rename(folder.parent / "elsewhere.png")
    (frames / "img01.png").symlink_to(folder.parent / "elsewhere.png")
    (frames / "gone.png").symlink_to(folder / "nowhere")
    (frames / "round").symlink_to(folder)
    assert codes_of(folder) == ["few-frames", "one-video"]


def test_accents_are_composed_as_in_a_zip(folder: Path) -> None:
    name = unicodedata.normalize("NFD", "labeled-data/müde")
    (folder / "labeled-data/video1").rename(folder / name)
    found = check_archive(FolderArchive(folder), "mouse")
    assert [table.folder for table in found.tables] == [unicodedata.normalize("NFC", "müde")]
    assert found.is_trainable


def test_names_that_collide_elsewhere_are_told(folder: Path) -> None:
    shutil.copytree(folder / "labeled-data/video1", folder / "labeled-data/VIDEO1")
    with pytest.raises(ProjectError) as caught:
        FolderArchive(folder)
    assert {each.code for each in caught.value.problems} == {"zip-case-collision"}


def test_files_left_elsewhere_are_known_of(folder: Path) -> None:
    archive = FolderArchive(folder, also=["labeled-data/w/CollectedData_Ann.h5"])
    assert "label-table-lost" in [p.code for p in check_archive(archive, "mouse").problems]
