"""What makes training faster than native, each of which a request can switch off."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class Speed:
    """How this computer trains."""

    workers: int  # processes that load and augment frames
    image_cache: bool
    mixed_precision: bool
    channels_last: bool
    fast_kernels: bool
    pin_memory: bool

    @classmethod
    def choose(cls, options: Mapping[str, Any], device: str, workers: int) -> Speed:
        """Fill in what depends on the computer.

        Args:
            options: of the request; what is absent is on.
            device: "cpu" or "cuda".
            workers: pytorch_config.yaml's; the request's own wins.
        """
        is_gpu = device.startswith("cuda")
        asked = options.get("loader_workers")
        most = max(len(os.sched_getaffinity(0)) - 1, 0) if is_gpu else 0
        return cls(
            workers=int(asked) if asked is not None else workers or most,
            image_cache=bool(options.get("image_cache", True)),
            mixed_precision=is_gpu
            and bool(options.get("mixed_precision", True))
            and torch.cuda.is_bf16_supported(including_emulation=False),
            channels_last=is_gpu and bool(options.get("channels_last", True)),
            fast_kernels=is_gpu and bool(options.get("fast_kernels", True)),
            pin_memory=is_gpu,
        )

    def set_up(self, model: torch.nn.Module) -> None:
        """Set what is set once."""
        if self.fast_kernels:
            torch.backends.cudnn.deterministic = False
            torch.backends.cudnn.benchmark = True
            torch.set_float32_matmul_precision("high")
            torch.backends.cudnn.allow_tf32 = True
        if self.channels_last:
            model.to(memory_format=torch.channels_last)

    def precision(self) -> contextlib.AbstractContextManager[Any]:
        """Return the block in which a step is made."""
        if self.mixed_precision:
            return torch.autocast("cuda", dtype=torch.bfloat16)
        return contextlib.nullcontext()


def use_all_cores() -> None:
    """Let torch use the cores that this process may run on; it takes the host's by default."""
    asked = os.environ.get("OMP_NUM_THREADS")
    torch.set_num_threads(int(asked) if asked else len(os.sched_getaffinity(0)))
