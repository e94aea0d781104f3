"""What a submission would send, and what the training is likely to take and cost."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from dlc_batch.cloud import aws_errors_as_ours
from dlc_batch.packing import plan_packing
from dlc_batch_core.budget import Budget, Place
from dlc_batch_core.cameras import CALIBRATION_IMAGES
from dlc_batch_core.checks.videos import find_key_problems
from dlc_batch_core.costs import Rates
from dlc_batch_core.errors import DlcBatchError
from dlc_batch_core.label_folders import IMAGES
from dlc_batch_core.ledger import Ledger
from dlc_batch_core.problems import Problem, in_stable_order
from dlc_batch_core.videos import is_video
from dlc_batch_core.work import work_of

if TYPE_CHECKING:
    from dlc_batch.cloud import Cloud
    from dlc_batch_core.check import Check
    from dlc_batch_core.keys import UploadKey
    from dlc_batch_core.quotes import Quote

_LARGEST = 5
_KINDS = ("settings", "labels", "images", "calibration", "videos", "splits", "others")


@dataclass(frozen=True)
class Load:
    """Files that would be sent, by their names in the zip, with their bytes there or at most."""

    sizes: Mapping[str, int]

    @property
    def bytes(self) -> int:
        return sum(self.sizes.values())

    @property
    def kinds(self) -> dict[str, tuple[int, int]]:
        """Of each kind that there is: how many files, and their bytes."""
        found: dict[str, list[int]] = {kind: [] for kind in _KINDS}
        for name, size in self.sizes.items():
            found[_kind(PurePosixPath(name))].append(size)
        return {kind: (len(sizes), sum(sizes)) for kind, sizes in found.items() if sizes}

    @property
    def largest(self) -> tuple[tuple[str, int], ...]:
        by_size = sorted(self.sizes.items(), key=lambda item: (-item[1], item[0]))
        return tuple(by_size[:_LARGEST])

    def to_dict(self) -> dict[str, object]:
        kinds = {kind: {"files": n, "bytes": size} for kind, (n, size) in self.kinds.items()}
        largest = [{"path": name, "bytes": size} for name, size in self.largest]
        return {
            "files": len(self.sizes),
            "bytes": self.bytes,
            "kinds": kinds,
            "largest": largest,
        }


def load_of(project: Path, request: str | None = None) -> Load:
    """Return what a submission of a folder, or of a zip that can be read, would send.

    Raises:
        LabError: it is no project.
    """
    if project.is_dir():
        return Load({file.member: file.size for file in plan_packing(project, request)})
    with zipfile.ZipFile(project) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
    return Load({info.filename: info.compress_size for info in infos})


@dataclass(frozen=True)
class Forecast:
    """What the cloud would say beyond the check."""

    quote: Quote | None
    why_not: str = ""  # there is no quote
    notes: tuple[str, ...] = ()  # what it would change
    problems: tuple[Problem, ...] = ()

    @classmethod
    def without_cloud(cls, error: DlcBatchError) -> Forecast:
        return cls(None, str(error))

    def added_to(self, check: Check) -> Check:
        """Return what a check found, with what the cloud would say."""
        problems = in_stable_order([*check.problems, *self.problems])
        return replace(check, problems=problems, mended=(*check.mended, *self.notes))


def forecast(cloud: Cloud, target: UploadKey, check: Check) -> Forecast:
    """Return what a stack would say of a project that can be trained; nothing is reserved.

    Whether an earlier run has the network that is asked for is left to the cloud.

    Raises:
        CloudError: it can't be asked.
    """
    if check.project is None or check.request is None or not check.is_trainable:
        return Forecast(None, "The project can't be trained as it is.")
    ledger = Ledger(cloud.dynamodb, cloud.table_name)
    budget = Budget(Rates.from_parameters(cloud.parameters), ledger, cloud.table.newest_of_lab)
    request, notes = budget.shorten(check.request)
    month = datetime.now(UTC).strftime("%Y-%m")
    with aws_errors_as_ours(cloud):
        problems = budget.foresee_problems(Place(target.lab, month, target.key), request)
        problems += find_key_problems(request, cloud.bucket, target.lab)
        quote = budget.quote(target.lab, work_of(check, check.project, request), request)
    return Forecast(quote, "", notes, tuple(problems))


def _kind(path: PurePosixPath) -> str:
    name = path.name.lower()
    if is_video(name):
        return "videos"
    if name.endswith(IMAGES):
        kinds = {"labeled-data": "images", CALIBRATION_IMAGES: "calibration"}
        return next((kinds[each] for each in path.parts if each in kinds), "others")
    if "training-datasets" in path.parts and name != "metadata.yaml":
        return "splits"
    if name.endswith(".csv"):
        return "labels"
    return "settings" if name.endswith(".yaml") else "others"
