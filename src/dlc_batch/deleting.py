"""Deleting one run for good: its files in all their versions, the upload, and the record last.

As long as the record is there, what was begun can be repeated.
"""

from __future__ import annotations

from collections.abc import Callable

import botocore.exceptions

from dlc_batch.cloud import Cloud, aws_errors_as_ours
from dlc_batch.object_versions import Held, ObjectVersions
from dlc_batch_core.errors import LabError
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.run import Run

_GONE = ("404", "NoSuchKey", "NoSuchVersion")
#: The version of an object of a bucket that keeps none.
_NULL_VERSION = "null"


def measure(cloud: Cloud, run: Run) -> Held:
    """Return how much a run holds.

    Raises:
        LabError: it has not ended.
    """
    if not run.status.is_final:
        remedy = f"Wait for its end, or end it: dlc-batch cancel {run.run_id}"
        raise LabError(f"Run {run.run_id} is {run.status}, and can't be deleted.", remedy)
    with aws_errors_as_ours(cloud):
        return _files(cloud, run).measure() + _measure_upload(cloud, run)


def delete(cloud: Cloud, run: Run, deleted: Callable[[int], object] = lambda _: None) -> None:
    """Delete a run that `measure` took; safe to repeat.

    Args:
        deleted: is told how many objects have gone, as they go.
    """
    with aws_errors_as_ours(cloud):
        _files(cloud, run).delete(deleted)
        # An upload of the same name that came later is another version, and another run's
        cloud.s3.delete_object(Bucket=run.bucket, Key=run.key, VersionId=_version(run))
        deleted(1)
        key = {"lab": {"S": run.lab}, "run_id": {"S": run.run_id}}
        cloud.dynamodb.delete_item(TableName=cloud.table_name, Key=key)


def _files(cloud: Cloud, run: Run) -> ObjectVersions:
    return ObjectVersions(cloud.s3, cloud.bucket, RunKeys(run.lab, run.run_id).prefix)


def _measure_upload(cloud: Cloud, run: Run) -> Held:
    try:
        head = cloud.s3.head_object(Bucket=run.bucket, Key=run.key, VersionId=_version(run))
    except botocore.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            return Held()
        raise
    return Held(1, head["ContentLength"])


def _version(run: Run) -> str:
    return run.version_id or _NULL_VERSION
