"""One project, as Windows, macOS and Linux write and pack it, is the same training."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.corpus.drafts import VIDEOS, Draft, single, table_of, to_csv

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).with_name("prepare_variants.py")
#: The project's name on disk; labs zip the folder itself.
NAME = "reach-ada-2019"


def linux_zip(folder: Path, target: Path) -> None:
    """`zip` of Info-ZIP, as on Linux and macOS."""
    _on_disk(single(), folder)
    subprocess.run(["zip", "-q", "-r", target, NAME], cwd=folder, check=True)


def linux_zip_through_a_pipe(folder: Path, target: Path) -> None:
    """Sizes and checksums stand behind each member."""
    _on_disk(single(), folder)
    with target.open("wb") as file:
        subprocess.run(["zip", "-q", "-r", "-", NAME], cwd=folder, check=True, stdout=file)


def linux_7z(folder: Path, target: Path) -> None:
    """7-Zip, which sorts its members by their suffix."""
    _require_7z()
    _on_disk(single(), folder)
    command = ["7z", "a", "-tzip", "-bso0", "-bsp0", target, NAME]
    subprocess.run(command, cwd=folder, check=True)


def python_zipfile(folder: Path, target: Path) -> None:
    """shutil's archives, without compression, from the inside of the folder."""
    _on_disk(single(), folder)
    shutil.make_archive(str(target.with_suffix("")), "zip", folder / NAME)


def python_zip64_backwards(_: Path, target: Path) -> None:
    """Every member in the large format, the last first."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in reversed(single().files.items()):
            with archive.open(f"{NAME}/{path}", "w", force_zip64=True) as member:
                member.write(data)


def macos_finder(_: Path, target: Path) -> None:
    """Beside each file its fork, in a folder of its own; and what Finder leaves in folders."""
    draft = single()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in draft.files.items():
            folder, _, name = f"{NAME}/{path}".rpartition("/")
            archive.writestr(f"{NAME}/{path}", data)
            archive.writestr(f"__MACOSX/{folder}/._{name}", b"\0\5\x16\7\0\2\0\0Mac OS X")
        archive.writestr(f"{NAME}/.DS_Store", b"\0\0\0\1Bud1")


def macos_forks_in_the_folder(folder: Path, target: Path) -> None:
    """A project from a network share: forks lie beside the files, as `._img000.png`."""
    draft = single()
    for path in list(draft.files):
        parent, slash, name = path.rpartition("/")
        draft.files[f"{parent}{slash}._{name}"] = b"\0\5\x16\7\0\2\0\0Mac OS X"
    _on_disk(draft, folder)
    subprocess.run(["zip", "-q", "-r", target, NAME], cwd=folder, check=True)


def windows_7z(folder: Path, target: Path) -> None:
    """Labelled on Windows, packed with 7-Zip."""
    _require_7z()
    _on_disk(_of_windows(), folder)
    command = ["7z", "a", "-tzip", "-bso0", "-bsp0", target, NAME]
    subprocess.run(command, cwd=folder, check=True)


def windows_old_archiver(_: Path, target: Path) -> None:
    """Backslashes in the members' names, against the format; Thumbs.db in each folder."""
    names = dict(_of_windows().files)
    names |= {f"labeled-data/{video}/Thumbs.db": b"\xd0\xcf\x11\xe0" for video in VIDEOS}
    with zipfile.ZipFile(target, "w") as archive:
        for path, data in names.items():
            info = zipfile.ZipInfo("x")
            info.filename = f"{NAME}/{path}".replace("/", "\\")
            info.create_system = 0
            archive.writestr(info, data, zipfile.ZIP_DEFLATED)


def windows_excel(folder: Path, target: Path) -> None:
    """The tables went through Excel: a byte order mark, every zero at the end dropped."""
    draft = _of_windows()
    for video in VIDEOS:
        rows = draft.rows(video)
        for row in rows[3:]:
            row[1:] = [repr(float(cell)) for cell in row[1:]]
        draft.files[table_of(video)] = b"\xef\xbb\xbf" + to_csv(rows, line_end="\r\n")
    _on_disk(draft, folder)
    subprocess.run(["zip", "-q", "-r", target, NAME], cwd=folder, check=True)


def newer_deeplabcut(folder: Path, target: Path) -> None:
    """The index of the tables in three columns, as DeepLabCut 2.2 and newer write it."""
    draft = single()
    for video in VIDEOS:
        rows = draft.rows(video)
        head = [[row[0], "", "", *row[1:]] for row in rows[:3]]
        body = [[*row[0].split("/"), *row[1:]] for row in rows[3:]]
        draft.files[table_of(video)] = to_csv(head + body)
    _on_disk(draft, folder)
    subprocess.run(["zip", "-q", "-r", target, NAME], cwd=folder, check=True)


VARIANTS: tuple[Callable[[Path, Path], None], ...] = (
    *(linux_zip, linux_zip_through_a_pipe, linux_7z, python_zipfile, python_zip64_backwards),
    *(macos_finder, macos_forks_in_the_folder, windows_7z, windows_old_archiver, windows_excel),
    newer_deeplabcut,
)


def _of_windows() -> Draft:
    """Paths with backslashes, line ends of two bytes, a byte order mark in the settings."""
    draft = single()
    crop = {"crop": "0, 160, 0, 128"}
    draft.set(
        project_path=rf"C:\Users\ada\{NAME}",
        video_sets={rf"C:\Users\ada\{NAME}\videos\{video}.mp4": crop for video in VIDEOS},
    )
    config = draft.files["config.yaml"].replace(b"\n", b"\r\n")
    draft.files["config.yaml"] = b"\xef\xbb\xbf" + config
    for video in VIDEOS:
        rows = [[row[0].replace("/", "\\"), *row[1:]] for row in draft.rows(video)]
        draft.files[table_of(video)] = to_csv(rows, line_end="\r\n")
    return draft


def _on_disk(draft: Draft, folder: Path) -> None:
    draft.write_to(folder / NAME)


def _require_7z() -> None:
    if shutil.which("7z") is None:
        pytest.skip("NOT TESTED: 7z is not installed (Debian: p7zip-full)")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the trainer makes of each variant: one process, for DeepLabCut takes 16 s to import."""
    base = tmp_path_factory.mktemp("variants")
    (base / "uploads").mkdir()
    for variant in VARIANTS:
        folder = base / "labs" / variant.__name__
        folder.mkdir(parents=True)
        try:
            variant(folder, base / "uploads" / f"{variant.__name__}.zip")
        except pytest.skip.Exception:
            continue  # its own test says so
    parts = [ROOT, *(ROOT / name for name in ("core", "src", "trainer_image"))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, parts))}
    environment |= {"OMP_NUM_THREADS": "1", "HF_ENDPOINT": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, PROGRAM, base / "uploads", base / "work", base / "answers.json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answers: dict[str, Any] = json.loads((base / "answers.json").read_text())
    return answers


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda each: each.__name__)
def test_every_variant_is_the_same_training(
    prepared: dict[str, Any], variant: Callable[[Path, Path], None]
) -> None:
    if "7z" in variant.__name__:
        _require_7z()
    first, ours = prepared["linux_zip"], prepared[variant.__name__]
    assert ours["is_trainable"], ours["problems"]
    assert ours["problems"] == first["problems"]
    assert ours["tables"] == first["tables"]
    assert (ours["train"], ours["test"]) == (first["train"], first["test"])
    assert ours["config"] == first["config"]


def test_the_training_is_the_labs_own(prepared: dict[str, Any]) -> None:
    """What all variants agree in is what the lab labelled: each frame, each number."""
    first, draft = prepared["linux_zip"], single()
    assert sorted(first["train"] + first["test"]) == sorted(
        row[0] for video in VIDEOS for row in draft.rows(video)[3:]
    )
    for video in VIDEOS:
        rows = list(csv.reader(io.StringIO(first["tables"][table_of(video)])))
        labels = {"/".join(row[:-8]): list(map(float, row[-8:])) for row in rows[3:]}
        expected = {row[0]: list(map(float, row[1:])) for row in draft.rows(video)[3:]}
        assert labels == expected
