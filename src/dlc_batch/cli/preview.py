"""The answer of `dlc-batch submit --dry-run`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import click

from dlc_batch.cli.check import print_check, print_errors, to_answer
from dlc_batch.cli.options import Options, print_json
from dlc_batch.inherited import notes_of_settings
from dlc_batch.previewing import Forecast, Load, forecast, load_of
from dlc_batch_core.check import Check
from dlc_batch_core.errors import DlcBatchError
from dlc_batch_core.keys import UploadKey
from dlc_batch_core.money import words_of
from dlc_batch_core.trainings import Training, trainings_of
from dlc_batch_core.work import frames_of


def show_preview(
    options: Options,
    project: Path,
    target: UploadKey,
    found: Check,
    request: str | None,
    as_json: bool,
) -> bool:
    """Show what would be sent and what it may cost; whether it would be trained."""
    try:
        ahead = forecast(options.connect(), target, found)
    except DlcBatchError as error:
        ahead = Forecast.without_cloud(error)
    found = ahead.added_to(found)
    notes = notes_of_settings(project, found)
    load = load_of(project, request) if found.is_trainable else Load({})
    if as_json:
        print_json({**to_answer(found, notes), **_to_dict(target, found, load, ahead)})
    elif found.is_trainable:
        print_check(found, "The project", notes)
        _print(target, found, load, ahead)
    else:
        print_errors(found, project)
    click.echo("Nothing was sent.", err=True)
    return found.is_trainable


def _to_dict(target: UploadKey, found: Check, load: Load, ahead: Forecast) -> dict[str, object]:
    trainings = trainings_of(found)
    return {
        "network": _only(each.network for each in trainings),
        "length": _only(each.length for each in trainings),
        "length_unit": _only(each.unit for each in trainings),
        "frames": frames_of(found),
        "lab": target.lab,
        "key": target.key,
        "request": found.request.to_dict() if found.request else None,
        "load": load.to_dict(),
        "quote": ahead.quote.to_dict() if ahead.quote else None,
        "no_quote": ahead.why_not or None,
    }


def _print(target: UploadKey, found: Check, load: Load, ahead: Forecast) -> None:
    trainings = trainings_of(found)
    click.echo("\nThis would be trained:")
    click.echo(f"  network    {_by_shuffle(trainings, _network)}")
    click.echo(f"  length     {_by_shuffle(trainings, lambda each: each.length_words)}")
    click.echo(f"  frames     {frames_of(found):,} labelled, those of the test among them")
    click.echo(f"\nTo {target.key} would go {_size(load.bytes)} at most:")
    for kind, (count, size) in load.kinds.items():
        click.echo(f"  {kind:<11} {count:>7,} files  {_size(size):>10}")
    click.echo("The largest:")
    for path, size in load.largest:
        click.echo(f"  {_size(size):>10}  {path}")
    quote = words_of(ahead.quote) if ahead.quote else f"No quote: {ahead.why_not}"
    click.echo(f"\n{quote}")


def _only(values: Iterable[object]) -> object:
    """Return what all shuffles share; None where they differ."""
    found = set(values)
    return found.pop() if len(found) == 1 else None


def _network(training: Training) -> str:
    return f"{training.network} ({training.engine})"


def _by_shuffle(trainings: Iterable[Training], say: Callable[[Training], str]) -> str:
    told = {each.shuffle: say(each) for each in trainings}
    if len(set(told.values())) == 1:
        return next(iter(told.values()))
    return "; ".join(f"shuffle {number}: {text}" for number, text in told.items())


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 100_000 else f"{count / 1e3:,.1f} kB"
