"""Who has a lock, and what counts for somebody else's."""

import os
from pathlib import Path

import pytest

from dlc_batch.locks import HeldError, lock, locked


def test_one_at_a_time_has_it_and_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locked(path), pytest.raises(HeldError), locked(path):
        pass
    assert not path.exists()
    with locked(path):
        assert path.exists()


def test_what_the_disk_refuses_is_not_somebody_else(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), locked(tmp_path / "no" / "lock"):
        pass
    (tmp_path / "file").touch()
    number = os.open(tmp_path / "file", os.O_PATH)  # which can be asked for its name only
    with os.fdopen(number, "rb", buffering=0) as file, pytest.raises(OSError, match="Bad file"):
        lock(file)
