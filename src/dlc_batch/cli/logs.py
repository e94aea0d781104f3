"""`dlc-batch logs`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from dlc_batch.cli.options import (
    Options,
    json_option,
    print_json,
    progress,
    run_argument,
    shuffle_option,
)

if TYPE_CHECKING:
    from dlc_batch.job_logs import Attempt, Line


@click.command()
@run_argument
@click.option("-f", "--follow", is_flag=True, help="Go on as lines come, until RUN has ended.")
@shuffle_option
@click.option("--attempt", type=click.IntRange(1), help="Only this attempt, from 1.")
@click.option("--tail", type=click.IntRange(0), help="Only so many lines, the last.")
@json_option
@click.pass_obj
def logs(
    options: Options,
    run_id: str,
    follow: bool,
    shuffle: int | None,
    attempt: int | None,
    tail: int | None,
    as_json: bool,
) -> None:
    """Print what the training of RUN printed, attempt after attempt.

    Logs are kept for as long as the stack says, and can be found while AWS Batch knows the job:
    at least a week after its end. Exits 1 if there is none.
    """
    from dlc_batch.job_logs import Reader  # here: --help needs no boto3

    cloud = options.connect()
    reader = Reader(
        cloud.in_a_hurry() if follow else cloud, run_id, shuffle, attempt, tell=progress
    )
    lines = reader.follow(tail) if follow else reader.read(tail)
    if as_json:
        found = [_to_answer(line) for line in lines]
        print_json({"run_id": run_id, "lines": found})
        raise SystemExit(0 if found else 1)
    raise SystemExit(0 if _print(lines) else 1)


def _print(lines: Iterable[Line]) -> bool:
    attempt: Attempt | None = None
    for line in lines:
        if line.attempt != attempt:
            attempt = line.attempt
            progress(f"-- shuffle {attempt.shuffle}, attempt {attempt.number}")
        click.echo(line.text)
    return attempt is not None


def _to_answer(line: Line) -> dict[str, object]:
    attempt = line.attempt
    return {
        "time": line.time,
        "text": line.text,
        "shuffle": attempt.shuffle,
        "attempt": attempt.number,
    }
