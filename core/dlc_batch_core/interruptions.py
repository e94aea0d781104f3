"""What interruptions cost a training, as a mail has it."""

from __future__ import annotations

from dlc_batch_core.fall_back import SPOT
from dlc_batch_core.prose import wrapped
from dlc_batch_core.run import Run, Status
from dlc_batch_core.words import counted


def interruptions_of(run: Run) -> str:
    """Return how often a run was interrupted, what that cost, and that nobody needs to act."""
    if run.parts:
        named = [(f"Shuffle {part.shuffle}: ", _told(part)) for part in run.parts]
    else:
        named = [("", _told(run))]
    told = [wrapped(name + text) for name, text in named if text]
    return "\n".join([*told, wrapped(_meaning(run))]) if told else ""


def _told(run: Run) -> str:
    sentences = [f"It was resumed after {_times(run)}."] if run.attempt > 1 else []
    if run.submission > SPOT:
        sentences.append(
            "Spot computers gave out, so it went on with an On-Demand one, at two to three times"
            " the price an hour."
        )
    return " ".join(sentences)


def _times(run: Run) -> str:
    return "one interruption" if run.attempt == 2 else counted(run.attempt - 1, "interruptions")


def _meaning(run: Run) -> str:
    """What it was, what it cost, and that nobody needs to act; Spot alone costs no training."""
    count = sum(max(0, each.attempt - 1) for each in run.parts or (run,))
    sentences = [_cost(count, run.checkpoint_minutes)] if count else []
    if run.status is Status.SUCCEEDED:
        sentences.append("Nothing needs to be done about it.")
    return " ".join(sentences)


def _cost(count: int, minutes: float | None) -> str:
    what = "The computer was taken back, or the training was killed"
    most = "no more than the training" if minutes is None else f"at most {_minutes(minutes)}"
    each = "that" if count == 1 else "each time that"
    return f"{what}; {each} cost {most} since its last checkpoint, from which it went on."


def _minutes(minutes: float) -> str:
    return f"the {minutes:g} minutes of training" if minutes > 1 else "a minute of training"
