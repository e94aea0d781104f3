"""Lack of memory, in the many ways in which it shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from dlc_batch_core.words import counted
from dlc_batch_trainer.errors import OutOfMemory

#: Words of torch's other errors: of the allocator on the CPU, of cuBLAS and cuDNN; and of a loader
#: process that the kernel has killed, which it does for lack of memory.
_GPU_WORDS = ("CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED", "CUDA out of memory")
_HOST_WORDS = ("DefaultCPUAllocator", "Cannot allocate memory", "killed by signal: Killed")


@contextmanager
def memory_errors(phase: str, batch_size: int) -> Iterator[None]:
    """Turn what is a lack of memory into OutOfMemory.

    Args:
        phase: detector or pose.
        batch_size: with which the memory was too small.
    """
    try:
        yield
    except (RuntimeError, MemoryError, OSError) as error:
        place = place_of_lack(error)
        if place is None:
            raise
        raise _out_of_memory(phase, batch_size, place) from error


def place_of_lack(error: BaseException | None) -> str | None:
    """Return whose memory is too small; None where the error tells of something else."""
    if error is None:
        return None
    text = str(error)
    if isinstance(error, torch.OutOfMemoryError) or any(word in text for word in _GPU_WORDS):
        return "the GPU"
    if isinstance(error, MemoryError) or any(word in text for word in _HOST_WORDS):
        return "the computer"
    return place_of_lack(error.__cause__)


def _out_of_memory(phase: str, batch_size: int, place: str) -> OutOfMemory:
    what, key = "network", "batch_size"
    if phase == "detector":
        what, key = "detector", "overrides: {detector.train_settings.batch_size: ...}"
    return OutOfMemory(
        f"The {what} does not fit into the memory of {place} with a batch of"
        f" {counted(batch_size, 'frames')}.",
        f"Set a smaller `{key}` in dlc-batch.yaml, or a smaller crop; where it is the computer's"
        " memory, `loader_workers: 0` and `image_cache: false` help too.",
    )
