"""Learning rates scaled with the batch, at any time of any schedule."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from deeplabcut.pose_estimation_pytorch.runners.schedulers import build_scheduler

from dlc_batch_trainer.pytorch.rates import scale_rates

RATE, EPOCHS = 1e-3, 60
#: As DeepLabCut has it for rtmpose_*, shorter.
SEQUENCE = {
    "type": "SequentialLR",
    "params": {
        "schedulers": [
            {
                "type": "LinearLR",
                "params": {"start_factor": 0.001, "end_factor": 1.0, "total_iters": 5},
            },
            {"type": "CosineAnnealingLR", "params": {"T_max": 20, "eta_min": 5e-5}},
            {"type": "LRListScheduler", "params": {"milestones": [0], "lr_list": [[5e-5]]}},
        ],
        "milestones": [20, 40],
    },
}
STEPS = {
    "type": "LRListScheduler",
    "params": {"milestones": [10, 30], "lr_list": [[1e-4], [1e-5]]},
}


class Course:
    """An optimizer and its schedule."""

    def __init__(self, schedule: dict[str, Any] | None) -> None:
        self.optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=RATE)
        self.scheduler = build_scheduler(schedule, self.optimizer)

    def rates(self, epochs: int) -> list[float]:
        found = []
        for _ in range(epochs):
            found.append(self.optimizer.param_groups[0]["lr"])
            self.optimizer.step()
            if self.scheduler is not None:
                self.scheduler.step()
        return found


@pytest.mark.filterwarnings("ignore")  # torch's own, of its SequentialLR
@pytest.mark.parametrize("schedule", [SEQUENCE, STEPS, None], ids=["sequence", "steps", "none"])
@pytest.mark.parametrize("after", [0, 3, 25, 45])
def test_from_then_on_each_rate_is_half(schedule: dict[str, Any] | None, after: int) -> None:
    whole = Course(schedule).rates(EPOCHS)
    course = Course(schedule)
    course.rates(after)
    resumed = Course(schedule)
    resumed.optimizer.load_state_dict(course.optimizer.state_dict())
    if resumed.scheduler is not None:
        resumed.scheduler.load_state_dict(course.scheduler.state_dict())
    scale_rates(resumed.optimizer, resumed.scheduler, 0.5)
    rest = resumed.rates(EPOCHS - after)
    assert rest == pytest.approx([rate / 2 for rate in whole[after:]])


def test_a_batch_that_stays_keeps_its_rates() -> None:
    course = Course(STEPS)
    scale_rates(course.optimizer, course.scheduler, 1.0)
    assert course.rates(EPOCHS) == Course(STEPS).rates(EPOCHS)
