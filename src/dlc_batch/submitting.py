"""Sending a project: put it into the inbox, and name the run it becomes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from botocore.config import Config

from dlc_batch.arrivals import Place
from dlc_batch.cloud import Cloud, aws_errors_as_ours
from dlc_batch.multipart import Multipart
from dlc_batch.outbox import Outbox, open_outbox
from dlc_batch.patience import MINUTES, Patience
from dlc_batch_core.errors import CloudError, LabError
from dlc_batch_core.keys import UploadKey, is_lab, run_id

_GOES_ON = "What was sent is kept: the same command goes on from there."
#: Tries are counted by `Patience`, which says what it waits for. Seconds; a part may take its time
#: as long as it moves.
_CONFIG = Config(
    connect_timeout=20,
    read_timeout=60,
    retries={"total_max_attempts": 1},
)


@dataclass(frozen=True)
class Submitted:
    """An upload, and the run it becomes."""

    run_id: str
    lab: str
    key: str


def upload_name(project: Path) -> str:
    """Return the name that a project's folder, or its zip, is sent by where none is given."""
    return project.stem if project.is_file() else project.resolve().name


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
    cloud: Cloud,
    archive: Path,
    target: UploadKey,
    sent: Callable[[int], object] = lambda _: None,
    say: Callable[[str], object] = lambda _: None,
    outbox: Outbox | None = None,
    minutes: float = MINUTES,
    read: Callable[[int], object] = lambda _: None,
    begins: Callable[[str], object] = lambda _: None,
) -> Submitted:
    """Upload a zip; broken off, it goes on when it is called again.

    Args:
        sent: is told the bytes that are there.
        say: is told, in words, what it waits for.
        outbox: the target's, where it is held already.
        minutes: how long a lost network is waited for.
        read: before, is told the bytes of the zip as its hash is taken.
        begins: is told its SHA-256 before anything is sent, and may raise; an upload that goes
            on had begun already.

    Raises:
        CloudError: the upload failed.
        LabError: the zip was changed meanwhile, is being sent by another process, or another
            upload of the same name came in between; or the bucket no longer knows of the upload.
    """
    held = open_outbox(cloud.bucket, target.key)
    s3 = cloud.session.client("s3", endpoint_url=cloud.endpoint_url, config=_CONFIG)
    patience = Patience(say, minutes)
    with (
        contextlib.nullcontext(outbox) if outbox else held as place,
        contextlib.closing(s3),
        _errors_that_say_more(cloud),
    ):
        where = Place(s3, cloud.bucket, target.key)
        upload = Multipart(where, archive, place, patience, sent, read, begins)
        try:
            stored = upload.run()
        except KeyboardInterrupt:
            say(_GOES_ON)
            raise
    run = run_id(cloud.bucket, target.key, stored.version_id)
    return Submitted(run, target.lab, target.key)


@contextlib.contextmanager
def _errors_that_say_more(cloud: Cloud) -> Iterator[None]:
    try:
        with aws_errors_as_ours(cloud):
            yield
    except CloudError as error:
        message = f"The upload stopped. {error.message}"
        raise CloudError(message, f"{error.remedy} {_GOES_ON}".strip()) from error
