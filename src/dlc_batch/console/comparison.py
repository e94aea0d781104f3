"""Runs side by side: scores, and what differed in what was asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dlc_batch.cloud import Cloud, aws_errors_as_ours
from dlc_batch.wording import SCORES, in_space
from dlc_batch_core.errors import CloudError, OutageError, StateError
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.run import Run
from dlc_batch_core.run_request import RunRequest

_NOTHING = "-"


@dataclass(frozen=True)
class Row:
    """One line of a table: what, then a cell for each run."""

    name: str
    cells: tuple[str, ...]
    marked: int | None = None  # which cell is the best; by chance, where intervals overlap
    mark: str = ""  # what to call it


def score_rows(runs: Sequence[Run]) -> list[Row]:
    """Return the scores that any of some runs has."""
    return _rows([run.metrics for run in runs])


def space_rows(runs: Sequence[Run]) -> list[Row]:
    """Return the figures of poses in space that any of some runs has."""
    return _rows([in_space(run) for run in runs])


def _rows(figures: Sequence[Mapping[str, float]]) -> list[Row]:
    known = [name for name in SCORES if any(name in each for each in figures)]
    others = sorted({name for each in figures for name in each} - set(SCORES))
    return [_score_row(name, [each.get(name) for each in figures]) for name in known + others]


def _score_row(name: str, values: Sequence[float | None]) -> Row:
    words, unit, is_less_better = SCORES.get(name, (name.replace("_", " "), "", None))
    there = [value for value in values if value is not None and value == value]
    cells = tuple(_cell(value, unit) for value in values)
    if is_less_better is None or len(set(there)) < 2:
        return Row(words, cells)
    choose, mark = (min, "least") if is_less_better else (max, "most")
    return Row(words, cells, values.index(choose(there)), mark)


def _cell(value: float | None, unit: str) -> str:
    if value is None or value != value:
        return _NOTHING
    if not unit:
        return f"{value:,.0f}" if value == int(value) else f"{value:.2f}"
    return f"{value:.1f} {unit}" if unit == "%" else f"{value:.2f} {unit}"


def request_rows(requests: Sequence[Mapping[str, object]]) -> list[Row]:
    """Return what differs between requests; an empty one is not known."""
    known = [each for each in requests if each]
    names = dict.fromkeys(name for each in known for name in each)
    differing = [name for name in names if len({_text(each.get(name)) for each in known}) > 1]
    return [Row(name, tuple(_text(each.get(name)) for each in requests)) for name in differing]


def read_request(cloud: Cloud, run: Run) -> Mapping[str, object]:
    """Return what a run was asked for; nothing where that can't be read.

    Raises:
        OutageError: it can't be read now.
    """
    try:
        with aws_errors_as_ours(cloud):
            key = RunKeys(run.lab, run.run_id).request
            body = cloud.s3.get_object(Bucket=cloud.bucket, Key=key)["Body"].read(1 << 20)
        return RunRequest.from_json(body).request.to_dict()
    except OutageError:
        raise
    except (CloudError, StateError):
        return {}


def _text(value: object) -> str:
    if value is None:
        return _NOTHING
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
