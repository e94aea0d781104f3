"""Where things lie in the bucket. The only home of the key layout.

uploads/<lab>/<name>.zip                    the inbox
uploads/<lab>/videos/                       videos that a request may name; they begin no run
runs/<lab>/<run_id>/request.json            what to train
runs/<lab>/<run_id>/results/                what the lab gets
runs/<lab>/<run_id>/results/shuffle<k>/     of several shuffles, what is not DeepLabCut's own
runs/<lab>/<run_id>/shuffle<k>/             one training: progress, outcome, control, checkpoints

and of the checkpoints of one training, below shuffle<k>/checkpoints/:

files/<sha256>     content; the same is uploaded once (the best snapshot seldom changes)
<number>.json      its manifest: position, best so far, seed, and the files by name and hash
attempts.json      which attempts there were, where each began and how it ended
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dlc_batch_core.errors import UploadKeyError
from dlc_batch_core.problems import Problem

UPLOADS = "uploads/"
RUNS = "runs/"
DEFAULT_LAB = "default"
LAB_PATTERN = re.compile(r"[a-z0-9-]{1,32}")
#: Keeps a job's name, <run id>_<lab>_shuffle<k>, within Batch's 128 characters.
MAX_SLUG = 40
_SUFFIX = ".zip"
_MANIFEST = re.compile(r"([0-9]{6,})\.json")
_RUN_ID = re.compile(rf"[A-Za-z0-9][A-Za-z0-9-]{{0,{MAX_SLUG - 1}}}-[0-9a-f]{{12}}")


@dataclass(frozen=True)
class UploadKey:
    """The place of one upload in the inbox."""

    lab: str
    name: str  # of the zip, without .zip

    @property
    def key(self) -> str:
        return f"{UPLOADS}{self.lab}/{self.name}{_SUFFIX}"


def is_lab(name: str) -> bool:
    """Whether a name can stand for a lab in keys."""
    return LAB_PATTERN.fullmatch(name) is not None


def is_folder_marker(key: str) -> bool:
    """Whether a key is only the empty object by which the console makes a folder."""
    return key.endswith("/")


def parse_upload_key(key: str) -> UploadKey:
    """Read an inbox key, raw as S3 has it (no URL decoding).

    Raises:
        UploadKeyError: the key is not uploads/<lab>/<name>.zip or uploads/<name>.zip.
    """
    folders, _, file = key.removeprefix(UPLOADS).rpartition("/")
    lab = folders or DEFAULT_LAB
    name, dot, suffix = file.rpartition(".")
    if not key.startswith(UPLOADS) or not is_lab(lab):
        raise UploadKeyError([_wrong_place(key)])
    if (dot + suffix).lower() != _SUFFIX or not name.strip():
        raise UploadKeyError([_wrong_file(key)])
    return UploadKey(lab, name)


def lab_of(key: str) -> str:
    """Return the lab that hears about an upload, also when its key is not a project's."""
    first, slash, _ = key.removeprefix(UPLOADS).partition("/")
    return first if slash and is_lab(first) else DEFAULT_LAB


def run_id(bucket: str, key: str, version_id: str | None) -> str:
    """Return `<project>-<12 hex>`: the same for the same upload, however often it is told."""
    identity = "\0".join((bucket, key, version_id or ""))
    return f"{_slug(key)}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"


def is_run_id(text: str) -> bool:
    """Whether a text has the form of a run id."""
    return _RUN_ID.fullmatch(text) is not None


@dataclass(frozen=True)
class CheckpointKeys:
    """Keys of the checkpoints of one training."""

    prefix: str  # of ShuffleKeys.checkpoints

    @property
    def attempts(self) -> str:
        return f"{self.prefix}attempts.json"

    @property
    def files(self) -> str:
        return f"{self.prefix}files/"

    def file(self, sha256: str) -> str:
        """Return the key of a file with this content."""
        return f"{self.files}{sha256}"

    def manifest(self, number: int) -> str:
        """Return the key of the manifest of checkpoint `number`, from 1."""
        return f"{self.prefix}{number:06}.json"

    def numbers(self, keys: Iterable[str]) -> list[int]:
        """Return the numbers of the checkpoints whose manifests are among these keys."""
        names = (key.removeprefix(self.prefix) for key in keys)
        return [int(found[1]) for name in names if (found := _MANIFEST.fullmatch(name))]


@dataclass(frozen=True)
class ShuffleKeys:
    """Keys of one training within a run."""

    prefix: str

    @property
    def progress(self) -> str:
        return f"{self.prefix}progress.json"

    @property
    def outcome(self) -> str:
        return f"{self.prefix}outcome.json"

    @property
    def control(self) -> str:
        return f"{self.prefix}control.json"

    @property
    def checkpoints(self) -> str:
        return f"{self.prefix}checkpoints/"

    @property
    def attempts(self) -> str:
        return CheckpointKeys(self.checkpoints).attempts


@dataclass(frozen=True)
class RunKeys:
    """Keys of one run."""

    lab: str
    run_id: str

    @property
    def prefix(self) -> str:
        return f"{RUNS}{self.lab}/{self.run_id}/"

    @property
    def request(self) -> str:
        return f"{self.prefix}request.json"

    @property
    def results(self) -> str:
        return f"{self.prefix}results/"

    def shuffle(self, number: int) -> ShuffleKeys:
        """Return the keys of the training of shuffle `number`, from 1."""
        return ShuffleKeys(f"{self.prefix}shuffle{number}/")


def own_folder(shuffle: int, shuffles: Sequence[int]) -> str:
    """Return where in results/ the files of a shuffle lie that are not DeepLabCut's own.

    Args:
        shuffles: of the run; those of its only one lie in results/ itself.
    """
    return f"shuffle{shuffle}/" if len(shuffles) > 1 else ""


def _slug(key: str) -> str:
    stem = re.sub(r"\.zip$", "", key.rpartition("/")[2], flags=re.IGNORECASE)
    ascii_stem = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^A-Za-z0-9]+", "-", ascii_stem)[:MAX_SLUG].strip("-")
    return slug or "project"


def _wrong_place(key: str) -> Problem:
    return Problem(
        "upload-key",
        key,
        "The upload does not lie in a lab's folder.",
        f"Put it at {UPLOADS}<lab>/<name>{_SUFFIX}, where <lab> is 1 to 32 of a-z, 0-9 and -.",
    )


def _wrong_file(key: str) -> Problem:
    return Problem(
        "upload-key",
        key,
        "Only zip files are taken for projects.",
        f"Zip the project folder and upload it as {UPLOADS}<lab>/<name>{_SUFFIX}. Videos to be"
        f" analysed go to {UPLOADS}<lab>/videos/.",
    )
