"""Whether the very same zip, and so the same project with the same request, is trained already."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from dlc_batch.arrivals import DIGEST
from dlc_batch.cloud import Cloud, aws_errors_as_ours
from dlc_batch_core.errors import CloudError, LabError
from dlc_batch_core.keys import UploadKey, run_id
from dlc_batch_core.run import Run

#: A run that was sent has its record within this time (our choice).
_APPEARS = timedelta(minutes=2)
#: Keys that are looked at, of the newest runs that have not ended (our choice).
_MOST_KEYS = 20


class SentAlready(LabError):
    """The same is waiting or being trained; it is for the user to say that it is meant."""

    def __init__(self, run_id: str, status: str) -> None:
        super().__init__(
            f"The same project with the same request is {status} already, as run {run_id}."
            " Nothing was sent.",
            f"To see how it is: dlc-batch status {run_id}. To train the same once more, and pay"
            " for both: --again (in Python, again=True).",
        )
        self.run_id, self.status = run_id, status


def check_for_twin(
    cloud: Cloud, target: UploadKey, sha256: str, sent_lately: Iterable[str] = ()
) -> None:
    """Look whether a run of the lab that has not ended is of the same zip.

    It costs one request, and one more for each key that such a run came by. Who may not look,
    and a zip that was sent by other means, are passed over.

    Args:
        sha256: of the zip.
        sent_lately: runs that this computer knows of; one of them may have no record yet.

    Raises:
        SentAlready: there is one.
    """
    try:
        with aws_errors_as_ours(cloud):
            runs = cloud.table.newest_of_lab(target.lab)
    except CloudError:
        return
    by_id = {run.run_id: run for run in runs}
    keys = [run.key for run in runs if not run.status.is_final]
    if any(_is_of(target, each) and each not in by_id for each in sent_lately):
        keys.insert(0, target.key)
    for key in list(dict.fromkeys(keys))[:_MOST_KEYS]:
        head = _head(cloud, key)
        if head is not None and head["Metadata"].get(DIGEST) == sha256:
            _refuse(by_id, run_id(cloud.bucket, key, head.get("VersionId")), head["LastModified"])


def _is_of(target: UploadKey, sent: str) -> bool:
    slug = run_id("", target.key, None).rpartition("-")[0]
    return sent.rpartition("-")[0] == slug


def _head(cloud: Cloud, key: str) -> dict[str, Any] | None:
    try:
        with aws_errors_as_ours(cloud):
            try:
                return dict(cloud.s3.head_object(Bucket=cloud.bucket, Key=key))
            except ClientError:
                return None  # it was deleted, or is another lab's
    except CloudError:
        return None


def _refuse(by_id: dict[str, Run], sent: str, modified: datetime) -> None:
    run = by_id.get(sent)
    if run is None and datetime.now(UTC) - modified < _APPEARS:
        raise SentAlready(sent, "sent")
    if run is not None and not run.status.is_final:
        raise SentAlready(sent, run.status.lower())
