"""Sending a project: put it into the inbox, and name the run it becomes."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from boto3.exceptions import S3UploadFailedError

from dlc_batch.cloud import Cloud, aws_errors_as_ours
from dlc_batch_core.errors import CloudError, LabError
from dlc_batch_core.keys import UploadKey, is_lab, run_id

_METADATA = "dlc-batch-submission"


@dataclass(frozen=True)
class Submitted:
    """An upload, and the run it becomes."""

    run_id: str
    lab: str
    key: str


def upload_key(lab: str, name: str) -> UploadKey:
    """Return the inbox key for a project of this name.

    Raises:
        LabError: the lab's or the project's name can't stand in a key.
    """
    if not is_lab(lab):
        remedy = "It is 1 to 32 of a-z, 0-9 and -: such as `miller-lab`."
        raise LabError(f"`{lab}` can't be a lab's name.", remedy)
    if not name.strip() or "/" in name:
        raise LabError(f"`{name}` can't be a project's name.", "Give one without / by --name.")
    return UploadKey(lab, name)


def send(
    cloud: Cloud, archive: Path, target: UploadKey, sent: Callable[[int], object] = lambda _: None
) -> Submitted:
    """Upload a zip; `sent` is told the bytes as they go.

    Raises:
        CloudError: the upload failed, or another one of the same name came in between.
    """
    mark = uuid.uuid4().hex
    s3 = cloud.s3
    with aws_errors_as_ours():
        try:
            s3.upload_file(
                str(archive),
                cloud.bucket,
                target.key,
                ExtraArgs={"Metadata": {_METADATA: mark}},
                Callback=sent,
            )
        except S3UploadFailedError as error:
            raise CloudError(f"The upload failed: {error}.", "Try again.") from error
        head = s3.head_object(Bucket=cloud.bucket, Key=target.key)
    if head["Metadata"].get(_METADATA) != mark:
        raise CloudError(
            f"Somebody else uploaded {target.key} at the same moment.",
            "Both are trained; `dlc-batch list` shows them.",
        )
    run = run_id(cloud.bucket, target.key, head.get("VersionId"))
    return Submitted(run, target.lab, target.key)
