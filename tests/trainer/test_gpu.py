"""What the GPU's driver says, or nothing."""

from pathlib import Path

import pytest

from dlc_batch_trainer.gpu import gpu_percent


@pytest.mark.parametrize(
    ("script", "percent"),
    [
        ("echo 37; echo 5", 37.0),
        ("echo '[Not Supported]'", None),
        ("echo", None),
        ("exit 9", None),
    ],
)
def test_the_first_gpu_counts_and_a_driver_that_fails_does_not(
    script: str, percent: float | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert gpu_percent() == percent


def test_without_a_driver_there_is_nothing_to_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu_percent() is None
