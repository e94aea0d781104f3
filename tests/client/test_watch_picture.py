"""What `dlc-batch watch` shows, in a terminal and line by line."""

import re
from dataclasses import replace

import pytest

from dlc_batch.cli import watch
from dlc_batch.runs import RunStatus
from dlc_batch.watching import Seen
from dlc_batch_core.progress import Progress
from dlc_batch_core.run import Run, Status

RUN = Run("miller", "mouse-0123456789ab", Status.RUNNING, "b", "uploads/miller/mouse.zip")
PROGRESS = Progress("train", "", epoch=3, epochs=9, loss=0.5, phase="pose", seconds_left=3900)
SEEN = Seen(RunStatus(RUN, PROGRESS), {1: "RUNNING"}, {1: {1: 4.0, 2: 3.0, 3: 0.5}}, 0.0)


def lines_of(*looks: Seen) -> list[str]:
    lines: list[str] = []
    teller = watch._Lines(lines.append)
    for seen in looks:
        teller.show(seen)
    return [re.sub(r"^[0-9:]{8} ", "", line) for line in lines]


@pytest.mark.usefixtures("capsys")
def test_a_training_that_runs() -> None:
    picture = list(
        watch._picture(replace(SEEN, status=RunStatus(replace(RUN, attempt=2), PROGRESS)))
    )
    assert picture[:4] == [
        "mouse-0123456789ab  RUNNING  (lab miller)",
        "training, epoch 3 of 9; attempt 2",
        "  loss 0.50000, about 1 h 5 min left",
        "  loss █▆▁",
    ]


def test_of_several_shuffles_those_that_wait_have_no_figures() -> None:
    parts = tuple(
        RunStatus(replace(RUN, shuffle=number, is_part=True, status=status, attempt=1), PROGRESS)
        for number, status in ((1, Status.RUNNING), (2, Status.RUNNING), (3, Status.SUCCEEDED))
    )
    status = RunStatus(replace(RUN, parts=tuple(each.run for each in parts)), None, parts)
    seen = Seen(status, {1: "RUNNING", 2: "RUNNABLE"}, {}, 0.0, "The network is gone.")
    picture = list(watch._picture(seen))
    assert picture[1:5] == [
        "shuffle 1: training, epoch 3 of 9",
        "  loss 0.50000, about 1 h 5 min left",
        "shuffle 2: interrupted; waits for a computer, and goes on from its checkpoint",
        "shuffle 3: SUCCEEDED. ",
    ]
    assert picture[5].startswith(
        "The network is gone. Trying again; the run goes on. As it was at"
    )


def test_a_line_comes_for_a_new_stage_each_minute_and_after_an_outage() -> None:
    lost = replace(SEEN, trouble="The network is gone.")
    scoring = RunStatus(RUN, replace(PROGRESS, stage="evaluate"))
    looks = [
        SEEN,
        replace(SEEN, at=59.0),
        replace(SEEN, at=60.0),
        lost,
        lost,
        replace(SEEN, at=61.0),
        replace(SEEN, at=62.0, status=scoring),
    ]
    training = "training, epoch 3 of 9: loss 0.50000, about 1 h 5 min left"
    told = lines_of(*looks)
    assert told[:2] == [training] * 2
    assert told[2].startswith("The network is gone. Trying again; the run goes on.")
    assert told[3:] == [training, "scoring the network on the test frames"]
