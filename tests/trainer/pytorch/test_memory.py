"""A lack of memory is known as such, however it shows."""

from __future__ import annotations

import os
import signal

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from dlc_batch_trainer.errors import OutOfMemory
from dlc_batch_trainer.pytorch.memory import memory_errors, place_of_lack
from dlc_batch_trainer.pytorch.training import batch_size_of


class Doomed(Dataset[int]):
    """Its loader process is killed, as the kernel does when memory is short."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, _: int) -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return 0


def test_of_the_computer() -> None:
    words = "memory of the computer with a batch of 8"
    with pytest.raises(OutOfMemory, match=words) as caught, memory_errors("pose", 8):
        torch.empty(1 << 60, dtype=torch.uint8)
    assert "`batch_size`" in caught.value.remedy


def test_of_a_loader_process() -> None:
    with pytest.raises(OutOfMemory, match="memory of the computer"), memory_errors("pose", 8):
        list(DataLoader(Doomed(), num_workers=1))


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    ],
)
def test_of_the_gpu_in_the_detector(error: Exception) -> None:
    words = "The detector does not fit into the memory of the GPU"
    with pytest.raises(OutOfMemory, match=words) as caught, memory_errors("detector", 2):
        raise error
    assert "detector.train_settings.batch_size" in caught.value.remedy


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="shapes"), memory_errors("pose", 8):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")
    assert place_of_lack(None) is None


def test_a_batch_of_one_is_not_halved() -> None:
    settings = {"train_settings": {"batch_size": 8}}
    assert [batch_size_of(settings, n) for n in range(5)] == [8, 4, 2, 1, 1]
