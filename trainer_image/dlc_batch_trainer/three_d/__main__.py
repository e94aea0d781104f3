"""`python -m dlc_batch_trainer.three_d TASK`: calibrate cameras, or put a recording together.

In a process of its own, without credentials: it reads the lab's images and numbers, and may fail
or die without any harm to the training.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from dlc_batch_core.errors import DlcBatchError
from dlc_batch_trainer.three_d.calibrating import calibrate
from dlc_batch_trainer.three_d.predictions import SeveralAnimalsError
from dlc_batch_trainer.three_d.recording import put_together
from dlc_batch_trainer.three_d.task import Answer, CalibrationTask, RecordingTask, read_task


def main(arguments: Sequence[str] | None = None) -> None:
    """Do the task, and write what came of it into the file that the task names."""
    (path,) = arguments or sys.argv[1:]
    task = read_task(Path(path))
    do(task).write(Path(task.answer))


def do(task: CalibrationTask | RecordingTask) -> Answer:
    """Do a task."""
    if isinstance(task, CalibrationTask):
        return calibrate(task)
    try:
        return put_together(task)
    except SeveralAnimalsError:
        why = "which animal of one view is which of another is not known"
        return _not_made(task, f"{why}, so several animals are not put together")
    except DlcBatchError as error:
        return _not_made(task, f"{error.message} {error.remedy}")


def _not_made(task: RecordingTask, why: str) -> Answer:
    return Answer((f"There are no poses in space of {task.name}: {why.rstrip('.')}.",))


if __name__ == "__main__":
    main()
