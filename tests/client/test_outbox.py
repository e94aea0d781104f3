"""What is kept of a project that is being sent, and what of it goes."""

import contextlib
import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from dlc_batch.locks import locked
from dlc_batch.outbox import Outbox, Unfinished, open_outbox
from dlc_batch.packing import PackedFile
from dlc_batch_core.errors import LabError


def test_what_a_killed_process_left_is_cleared_by_the_next(cache: Path) -> None:
    left = cache / "outbox" / ("0" * 32)
    left.mkdir(parents=True)
    (left / "project.zip").write_bytes(b"half")
    begun = cache / "outbox" / ("1" * 32)
    begun.mkdir()
    for name in ("project.zip", "upload.json"):
        (begun / name).write_bytes(b"{}")
    old = cache / "outbox" / ("2" * 32)
    old.mkdir()
    (old / "upload.json").write_bytes(b"{}")
    os.utime(old / "upload.json", (0, 0))
    with open_outbox("bucket", "key"):
        assert not left.exists()
        assert [path.name for path in begun.iterdir()] == ["upload.json"]
        assert not old.exists()


def test_a_state_that_cannot_be_read_counts_for_nothing(tmp_path: Path) -> None:
    for text in ("", "[]", "{", '{"upload_id": "x"}'):
        (tmp_path / "upload.json").write_text(text)
        assert Outbox(tmp_path).unfinished() is None


def test_an_upload_that_was_begun_is_remembered_and_forgotten(cache: Path) -> None:
    begun = Unfinished("id", "0" * 64, 8 << 20, "mark")
    with open_outbox("bucket", "key") as outbox:
        outbox.keep(begun)
        outbox.zip.write_bytes(b"half")
    with open_outbox("bucket", "key") as outbox:
        assert outbox.unfinished() == begun
        assert not outbox.zip.exists()
        outbox.forget()
    assert list((cache / "outbox").iterdir()) == []


HOLD = """
import sys, time
from dlc_batch.outbox import open_outbox
for _ in range(int(sys.argv[2])):
    with open_outbox("bucket", sys.argv[1]) as outbox:
        outbox.zip.write_bytes(b"zip")
        print("held", flush=True)
        sys.stdin.read()
        assert outbox.zip.read_bytes() == b"zip"
"""


def start(key: str, times: int = 1, **more: Any) -> subprocess.Popen[str]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [sys.executable, "-c", HOLD, key, str(times)]
    return subprocess.Popen(command, text=True, **{**pipes, **more})


def test_two_processes_send_side_by_side_and_not_to_one_place(cache: Path) -> None:
    process = start("one")
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with pytest.raises(LabError, match="Another process"), open_outbox("bucket", "one"):
        pass
    with open_outbox("bucket", "two") as outbox:
        outbox.zip.write_bytes(b"zip")
        _, err = process.communicate("")
        assert (process.returncode, err) == (0, "")
        assert outbox.zip.read_bytes() == b"zip"
    assert list((cache / "outbox").iterdir()) == []


@pytest.mark.usefixtures("cache")
def test_processes_that_open_their_places_again_and_again_do_not_meet() -> None:
    all_of_them = [start(key, 200, stdin=subprocess.DEVNULL) for key in ("one", "two", "three")]
    for process in all_of_them:
        _, err = process.communicate()
        assert (process.returncode, err) == (0, "")


def test_a_place_that_is_being_swept_is_waited_for(cache: Path) -> None:
    place = hashlib.sha256(b"bucket\0key").hexdigest()[:32]
    lock = cache / "outbox" / f"{place}.lock"
    lock.parent.mkdir(parents=True)
    with contextlib.ExitStack() as held:
        held.enter_context(locked(lock))
        letting_go = threading.Timer(0.3, held.pop_all().close)
        letting_go.start()
        with open_outbox("bucket", "key") as outbox:
            assert outbox.folder.name == place
        letting_go.join()


def test_a_project_larger_than_the_disk_is_not_begun(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="The disk is full"):
        Outbox(tmp_path).pack((PackedFile(tmp_path / "a", "a", 10**18),))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"gone\.png can't be read"):
        Outbox(tmp_path).pack((PackedFile(tmp_path / "gone.png", "a", 1),))


def test_a_place_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("DLC_BATCH_CACHE", str(tmp_path / "file"))
    with pytest.raises(LabError, match="can't be written"), open_outbox("bucket", "key"):
        pass
