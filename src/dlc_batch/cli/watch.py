"""`dlc-batch watch`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import click

from dlc_batch.cli.options import Options, json_option, print_json, progress, run_argument
from dlc_batch.cli.runs import print_status
from dlc_batch.cli.screen import Screen
from dlc_batch.cli.sparkline import sparkline
from dlc_batch.wording import attempt_words, doing, figures

if TYPE_CHECKING:
    from dlc_batch.runs import RunStatus
    from dlc_batch.watching import Seen

_CURVE = 60  # characters, at most
#: Where lines are not written over, one comes when something changes, or after so many seconds.
_LINE_SECONDS = 60.0


@click.command()
@run_argument
@click.option(
    "--every",
    type=click.FloatRange(0.1),
    default=5.0,
    show_default=True,
    help="Seconds between two looks.",
)
@json_option
@click.pass_obj
def watch(options: Options, run_id: str, every: float, as_json: bool) -> None:
    """Show how RUN goes on, until it has ended.

    A connection that breaks is waited for. Without a terminal it prints a line for each change;
    with --json these go to stderr, and the answer is that of `status` at the end. Exits as
    `status` does. Ctrl-C ends the watching, not the run.
    """
    from dlc_batch.watching import Watch  # here: --help needs no boto3

    seen: Seen | None = None
    show = _shower(as_json)
    watching = Watch(options.connect().in_a_hurry(), run_id, every)
    try:
        for seen in watching:
            show(seen)
    except KeyboardInterrupt:
        progress(f"The run goes on. To watch it again: dlc-batch watch {run_id}")
        raise
    assert seen is not None  # noqa: S101  # a run that is not there is an error
    if as_json:
        print_json(seen.status.to_dict())
    else:
        print_status(seen.status)
    raise SystemExit(1 if seen.status.ended_badly else 0)


def _shower(as_json: bool) -> Callable[[Seen], None]:
    if as_json:
        return _Lines(progress).show
    if not sys.stdout.isatty():
        return _Lines(click.echo).show
    screen = Screen()
    # what stays on the screen at the end is the status
    return lambda seen: screen.show([] if _has_ended(seen) else list(_picture(seen)))


class _Lines:
    """Prints a line when something has changed that is worth one."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._told: dict[int, tuple[str, float]] = {}  # by shuffle: what, and when
        self._trouble = ""

    def show(self, seen: Seen) -> None:
        if seen.trouble:
            if not self._trouble:
                self._write(_trouble(seen))
        elif not _has_ended(seen):
            for each in seen.records:
                self._show(each, seen)
        self._trouble = seen.trouble

    def _show(self, each: RunStatus, seen: Seen) -> None:
        what, (before, when) = _stage_of(each, seen), self._told.get(each.run.shuffle, ("", 0.0))
        is_due = self._trouble or (each.progress and seen.at - when >= _LINE_SECONDS)
        if what != before or is_due:
            self._told[each.run.shuffle] = (what, seen.at)
            texts = [_doing(each, seen), _figures(each, seen)]
            text = ": ".join(text for text in texts if text)
            self._write(f"{_clock(seen.at)} {_whose(each, seen)}{text}")


def _picture(seen: Seen) -> Iterator[str]:
    run = seen.status.run
    yield f"{run.run_id}  {run.status}  (lab {run.lab})"
    for each in seen.records:
        texts = (_doing(each, seen), attempt_words(each.run))
        yield f"{_whose(each, seen)}{'; '.join(text for text in texts if text)}"
        if told := _figures(each, seen):
            yield f"  {told}"
        curve = sparkline(seen.losses.get(each.run.shuffle, ()), _CURVE, sys.stdout.encoding)
        if curve and not each.run.status.is_final:
            yield f"  loss {curve}"
    yield _trouble(seen) if seen.trouble else f"{_clock(seen.at)}   Ctrl-C: watch no longer"


def _whose(each: RunStatus, seen: Seen) -> str:
    return f"shuffle {each.run.shuffle}: " if seen.status.parts else ""


def _doing(each: RunStatus, seen: Seen) -> str:
    state = seen.job_states.get(each.run.shuffle, "")
    text = doing(each.run, each.progress, state)
    return f"{each.run.status}. {text}" if each.run.status.is_final else text


def _stage_of(each: RunStatus, seen: Seen) -> str:
    """Return what a line is worth a change of: not each epoch."""
    if each.progress and _is_running(each, seen):
        return f"{each.progress.stage} {each.progress.phase} {each.run.attempt}"
    return _doing(each, seen)


def _figures(each: RunStatus, seen: Seen) -> str:
    """Return the figures of what is under way: of what waits they are past."""
    return figures(each.progress) if each.progress and _is_running(each, seen) else ""


def _is_running(each: RunStatus, seen: Seen) -> bool:
    state = seen.job_states.get(each.run.shuffle, "")
    return not each.run.status.is_final and state in ("", "RUNNING")


def _trouble(seen: Seen) -> str:
    return f"{seen.trouble} Trying again; the run goes on. As it was at {_clock(seen.at)}."


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%H:%M:%S")


def _has_ended(seen: Seen) -> bool:
    return seen.status.run.status.is_final and not seen.trouble
