"""Learning rates scaled with the batch size, in the middle of a training too."""

from __future__ import annotations

from typing import Any

import torch

#: What schedulers of torch's and DeepLabCut's keep rates in.
_LISTS, _NUMBERS = ("base_lrs", "_last_lr"), ("eta_min", "min_lr", "max_lr")


def scale_rates(optimizer: torch.optim.Optimizer, scheduler: Any, factor: float) -> None:
    """Scale all learning rates: the present ones, and those that the schedule has to come.

    Args:
        optimizer: whose groups have them.
        scheduler: of torch's or DeepLabCut's, or None.
        factor: by which the batch size changes (Goyal et al., 2017, the linear scaling rule).
    """
    if factor == 1:
        return
    for group in optimizer.param_groups:
        for name in ("lr", "initial_lr"):
            if name in group:
                group[name] *= factor
    if scheduler is not None:
        _scale(scheduler, factor)


def _scale(scheduler: Any, factor: float) -> None:
    for name in _LISTS:
        if hasattr(scheduler, name):
            setattr(scheduler, name, [rate * factor for rate in getattr(scheduler, name)])
    for name in _NUMBERS:
        if isinstance(getattr(scheduler, name, None), int | float):
            setattr(scheduler, name, getattr(scheduler, name) * factor)
    if hasattr(scheduler, "lr_list"):  # DeepLabCut's: rates of each group, by milestone
        scheduler.lr_list = [[rate * factor for rate in rates] for rates in scheduler.lr_list]
    for inner in getattr(scheduler, "_schedulers", ()):  # SequentialLR and ChainedScheduler
        _scale(inner, factor)
