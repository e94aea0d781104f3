"""The reports of runs, as they lie in the bucket."""

from __future__ import annotations

from dlc_batch.cloud import Cloud, aws_errors_as_ours, code_of
from dlc_batch_core.errors import CloudError, LabError, OutageError
from dlc_batch_core.keys import RunKeys, own_folder
from dlc_batch_core.run import Run

REPORT_FILE = "report.html"
#: A report holds some pictures: a hundredth of that (our choice).
_MOST_BYTES = 64 << 20


class NoReport(LabError):
    """A run left none."""


def read_report(cloud: Cloud, run: Run, shuffle: int) -> bytes:
    """Return the report of a shuffle.

    Raises:
        NoReport: there is none.
        CloudError: it can't be read now.
    """
    shuffles = [part.shuffle for part in run.parts] or [run.shuffle]
    if shuffle not in shuffles:
        raise NoReport(f"Run {run.run_id} has no shuffle {shuffle}.", "")
    folder = own_folder(shuffle, shuffles)
    key = f"{RunKeys(run.lab, run.run_id).results}{folder}{REPORT_FILE}"
    none = NoReport(f"Run {run.run_id} left no report of shuffle {shuffle}.", "")
    try:
        with aws_errors_as_ours(cloud):
            answer = cloud.s3.get_object(Bucket=cloud.bucket, Key=key)
            if answer["ContentLength"] > _MOST_BYTES:
                raise NoReport("The report is too large to be shown.", "Fetch the results.")
            return answer["Body"].read(_MOST_BYTES)
    except OutageError:
        raise
    except CloudError as error:
        if code_of(error.__cause__) in (
            "NoSuchKey",
            "404",
            "AccessDenied",
        ):  # who may not list is told the latter
            raise none from error
        raise
