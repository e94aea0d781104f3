"""A run's results in the bucket."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from dlc_batch.cloud import Cloud, aws_errors_as_ours
from dlc_batch_core.errors import CloudError, LabError
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.run import REST_MARK, Run, Status

#: In the names that DeepLabCut gives, and in our own folder.
_SHUFFLE = re.compile(r"shuffle([0-9]+)(?![0-9])")
#: The lab's own, which no run leaves and no fetch touches.
_CONFIG = "config.yaml"
_MOST_NAMED = 3  # of the files that are gone
#: What to do about them.
DELETED = (
    "Somebody deleted them. For some weeks your admin can bring them back (docs/operate.md); after"
    " that, upload the project again."
)


class NoResults(LabError):
    """The run left none, or none yet."""


class LostResults(CloudError):
    """What the run left is no longer all there."""


@dataclass(frozen=True)
class Result:
    """One file of a run's results."""

    key: str
    path: PurePosixPath  # below results/
    size: int  # bytes
    etag: str  # changes with the object's content
    modified: datetime

    @property
    def waiting_name(self) -> str:
        """A name for what has come of this very object: of one that was changed, another."""
        identity = f"{self.path}\0{self.etag}\0{self.size}"
        return hashlib.sha256(identity.encode()).hexdigest()[:24]


def list_results(cloud: Cloud, run: Run) -> tuple[Result, ...]:
    """Return the files of a run's results.

    Raises:
        NoResults: the run has none. One of several shuffles has those of the shuffles that
            were trained, however the others ended.
        LostResults: a file that the run left is gone.
        CloudError: S3 refuses, or can't be reached.
    """
    if not (run.status is Status.SUCCEEDED or (run.status.is_final and run.files)):
        ended = f"It is {run.status}. {run.message}".strip()
        remedy = "" if run.status.is_final else "Wait for its mail."
        raise NoResults(f"Run {run.run_id} has no results. {ended}", remedy)
    lost = set(shuffles_without(run))
    results = [each for each in _all_of(cloud, run) if not _is_of(lost, each.path)]
    lacking = set(run.files) - {str(result.path) for result in results}
    lacking = {name for name in lacking if not name.startswith(REST_MARK)}
    if lacking or not results:
        raise _lost(run, sorted(lacking))
    return tuple(each for each in results if str(each.path).casefold() != _CONFIG)


def shuffles_without(run: Run) -> tuple[int, ...]:
    """Return the shuffles of a run that were not trained to their end: they left no results."""
    return tuple(part.shuffle for part in run.parts if part.status is not Status.SUCCEEDED)


def _lost(run: Run, lacking: Sequence[str]) -> LostResults:
    shown = ", ".join(lacking[:_MOST_NAMED])
    more = f" and {len(lacking) - _MOST_NAMED} more" if len(lacking) > _MOST_NAMED else ""
    return LostResults(
        f"The results of run {run.run_id} are not whole: {shown}{more}.",
        DELETED,
    )


def _all_of(cloud: Cloud, run: Run) -> list[Result]:
    prefix = RunKeys(run.lab, run.run_id).results
    with aws_errors_as_ours(cloud):
        pages = cloud.s3.get_paginator("list_objects_v2").paginate(
            Bucket=cloud.bucket, Prefix=prefix
        )
        found = [item for page in pages for item in page.get("Contents", [])]
    return [
        Result(
            each["Key"],
            _path(each["Key"].removeprefix(prefix)),
            each["Size"],
            each["ETag"],
            each["LastModified"],
        )
        for each in found
        if not each["Key"].endswith("/")
    ]


def _is_of(shuffles: set[int], path: PurePosixPath) -> bool:
    """Whether a file is of one of some shuffles that were not trained to their end.

    Their splits are kept: DeepLabCut's list of shuffles may name them.
    """
    if path.parts[0] == "training-datasets":
        return False
    return any(int(number) in shuffles for number in _SHUFFLE.findall(str(path)))


def _path(relative: str) -> PurePosixPath:
    path = PurePosixPath(relative)
    if path.is_absolute() or ".." in path.parts:
        raise LabError(f"The results hold a file outside of them: {relative}.")
    return path
