"""How a training learned: its losses and its errors on the validation frames, by epoch.

DeepLabCut writes them into learning_stats.csv, which lies among a run's results, and before its
end among the files of its newest checkpoint.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dlc_batch.cloud import Cloud, aws_errors_as_ours
from dlc_batch.console.memory import Fresh, Recent
from dlc_batch_core.errors import CloudError, OutageError
from dlc_batch_core.keys import CheckpointKeys, RunKeys
from dlc_batch_core.manifest import Manifest
from dlc_batch_core.run import Run

_FILE = "learning_stats.csv"
_LOSS, _ERROR = "losses/train.total_loss", "validation_rmse_px"
#: Of a file that is read: a training of a million epochs has less (our choice).
_MOST_BYTES = 64 << 20
_RUNS = 200
_EVERY, _EVERY_ENDED = 30.0, 600.0  # seconds


@dataclass(frozen=True)
class Learning:
    """Values by epoch; by iteration with the TensorFlow engine."""

    losses: Mapping[int, float] = field(default_factory=dict)
    errors: Mapping[int, float] = field(default_factory=dict)  # on validation frames, in pixels

    def with_losses(self, seen: Mapping[int, float]) -> Learning:
        """Return it with what was seen since it was written."""
        merged = {**seen, **self.losses}
        return Learning(dict(sorted(merged.items())), self.errors)


class Learnings:
    """What was read of trainings."""

    def __init__(self) -> None:
        self._kept: Recent[tuple[str, int, bool], Fresh[Learning]] = Recent(
            lambda key: Fresh(_EVERY_ENDED if key[2] else _EVERY), _RUNS
        )

    def of(self, cloud: Cloud, run: Run, record: Run) -> Learning:
        """Return what is known of how a run's training, which `record` is of, has learned.

        Raises:
            OutageError: it can't be read now.
        """
        key = (run.run_id, record.shuffle, run.status.is_final)
        return self._kept.get(key).get(lambda: read_learning(cloud, run, record))


def read_learning(cloud: Cloud, run: Run, record: Run) -> Learning:
    """Read how a training has learned; nothing where the lab may not read it, or there is none.

    Raises:
        OutageError: it can't be read now.
    """
    try:
        if run.status.is_final:
            key = _key_of_results(run, record.shuffle)
        else:
            key = _key_of_checkpoint(cloud, record)
        return parse_learning(_read(cloud, key)) if key else Learning()
    except OutageError:
        raise
    except (CloudError, ValueError, KeyError, TypeError, AttributeError):
        return Learning()


def parse_learning(text: str) -> Learning:
    """Read a learning_stats.csv; a cell that is no number is left out."""
    rows = list(csv.DictReader(text.splitlines()))
    return Learning(dict(_column(rows, _LOSS)), dict(_column(rows, _ERROR)))


def _column(rows: list[dict[str, str]], name: str) -> Iterator[tuple[int, float]]:
    for row in rows:
        try:
            place, value = int(float(row["step"])), float(row[name])
        except (KeyError, TypeError, ValueError, OverflowError):
            continue
        if math.isfinite(value):
            yield place, value


def _key_of_results(run: Run, shuffle: int) -> str:
    results = RunKeys(run.lab, run.run_id).results
    found = [each for each in run.files if each.endswith(f"shuffle{shuffle}/train/{_FILE}")]
    return results + found[0] if found else ""


def _key_of_checkpoint(cloud: Cloud, record: Run) -> str:
    prefix = RunKeys(record.lab, record.run_id).shuffle(record.shuffle).checkpoints
    with aws_errors_as_ours(cloud):
        answer = cloud.s3.list_objects_v2(Bucket=cloud.bucket, Prefix=prefix, Delimiter="/")
    keys = CheckpointKeys(prefix)
    numbers = keys.numbers(each["Key"] for each in answer.get("Contents", ()))
    if not numbers:
        return ""
    newest = max(numbers)
    manifest = Manifest.from_json(newest, _read(cloud, keys.manifest(newest)))
    return keys.file(manifest.files[_FILE])


def _read(cloud: Cloud, key: str) -> str:
    with aws_errors_as_ours(cloud):
        body = cloud.s3.get_object(Bucket=cloud.bucket, Key=key)["Body"]
        return body.read(_MOST_BYTES).decode("utf-8", "replace")
