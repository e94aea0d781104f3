"""The reports of runs, and the pages of poses in space, as they lie in the bucket."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dlc_batch.cloud import Cloud, aws_errors_as_ours, code_of
from dlc_batch_core.errors import CloudError, LabError, OutageError
from dlc_batch_core.follow_up import SPACE_FOLDER, VIEW_ENDING
from dlc_batch_core.keys import RunKeys, own_folder
from dlc_batch_core.run import Run

REPORT_FILE = "report.html"
#: A page holds some pictures, or a million points: a hundredth, or a sixth, of that (our choice).
_MOST_BYTES = 64 << 20
#: What a user without s3:ListBucket is told of what is not there is the last of these.
_MISSING = ("NoSuchKey", "404", "AccessDenied")
_VIEW = re.compile(
    rf"(?:shuffle(?P<shuffle>[0-9]+)/)?{SPACE_FOLDER}(?P<name>.+){re.escape(VIEW_ENDING)}",
    re.DOTALL,
)


class NoReport(LabError):
    """A run left none."""


@dataclass(frozen=True)
class View:
    """A page on which the poses of a recording can be turned."""

    number: int  # from 1, of the run's
    name: str  # of the recording, and whose where there are several shuffles
    file: str  # in results/


def views_of(run: Run) -> list[View]:
    """Return the pages of poses in space that a run left."""
    found = [(file, match) for file in run.files if (match := _VIEW.fullmatch(file))]
    return [
        View(number, _named(match["name"], match["shuffle"]), file)
        for number, (file, match) in enumerate(found, start=1)
    ]


def read_view(cloud: Cloud, run: Run, number: int) -> bytes:
    """Return a page of poses in space.

    Raises:
        NoReport: there is none.
        CloudError: it can't be read now.
    """
    view = view_of(run, number)
    return _read(cloud, run, view.file, f"poses in space of {view.name}")


def view_of(run: Run, number: int) -> View:
    """Return one of a run's pages of poses in space.

    Raises:
        NoReport: there is none of this number.
    """
    for view in views_of(run):
        if view.number == number:
            return view
    raise NoReport(f"Run {run.run_id} left no such poses in space.", "")


def read_report(cloud: Cloud, run: Run, shuffle: int) -> bytes:
    """Return the report of a shuffle.

    Raises:
        NoReport: there is none.
        CloudError: it can't be read now.
    """
    shuffles = [part.shuffle for part in run.parts] or [run.shuffle]
    if shuffle not in shuffles:
        raise NoReport(f"Run {run.run_id} has no shuffle {shuffle}.", "")
    file = f"{own_folder(shuffle, shuffles)}{REPORT_FILE}"
    return _read(cloud, run, file, f"report of shuffle {shuffle}")


def _named(name: str, shuffle: str | None) -> str:
    return f"{name} (shuffle {shuffle})" if shuffle else name


def _read(cloud: Cloud, run: Run, file: str, what: str) -> bytes:
    key = f"{RunKeys(run.lab, run.run_id).results}{file}"
    try:
        with aws_errors_as_ours(cloud):
            answer = cloud.s3.get_object(Bucket=cloud.bucket, Key=key)
            if answer["ContentLength"] > _MOST_BYTES:
                raise NoReport("This page is too large to be shown.", "Fetch the results.")
            return answer["Body"].read(_MOST_BYTES)
    except OutageError:
        raise
    except CloudError as error:
        if code_of(error.__cause__) in _MISSING:
            raise NoReport(f"Run {run.run_id} left no {what}.", "") from error
        raise
