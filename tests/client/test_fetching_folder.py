"""Names that a computer can't have are told before anything is downloaded."""

from pathlib import PurePosixPath, PureWindowsPath

import pytest

from dlc_batch.fetching.folder import check_names
from dlc_batch_core.errors import LabError

PROJECT = PureWindowsPath(r"C:\dlc\mouse")
USUAL = (
    "report.html",
    "dlc-models-pytorch/iteration-0/reachJan1-trainset95shuffle1/train/snapshot-best-200.pt",
    "videos/one.two.mp4",
    "videos/console.mp4",
)


def check(*names: str, folder: PureWindowsPath = PROJECT, platform: str = "win32") -> None:
    check_names(map(PurePosixPath, names), folder, platform)


@pytest.mark.parametrize("platform", ["win32", "darwin", "linux"])
def test_what_a_run_leaves_can_be_anywhere(platform: str) -> None:
    check(*USUAL, platform=platform)


@pytest.mark.parametrize(
    "name", ["aux.csv", "videos/COM1.mp4", "nul", "a:b", "what?.h5", "dot./x", "end ", "a\x1f"]
)
def test_names_that_windows_keeps_are_refused_there(name: str) -> None:
    with pytest.raises(LabError, match="Windows can't have"):
        check(*USUAL, name)
    check(*USUAL, name, platform="linux")


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_names_that_differ_in_case_only_are_refused(platform: str) -> None:
    with pytest.raises(LabError, match="one file on this computer"):
        check("videos/One.mp4", "videos/one.mp4", platform=platform)
    check("videos/One.mp4", "videos/one.mp4", platform="linux")


def test_a_path_may_have_as_many_characters_as_windows_takes() -> None:
    room = 259 - len(str(PROJECT)) - 1
    check("x" * room)
    with pytest.raises(LabError, match="too long for Windows"):
        check("x" * (room + 1))
    with pytest.raises(LabError, match="too long for Windows"):
        check(*USUAL, folder=PureWindowsPath("C:\\" + "deep\\" * 40))
