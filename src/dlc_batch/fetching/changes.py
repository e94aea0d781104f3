"""What a fetch would change in a folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dlc_batch.fetching.proof import Proofs
from dlc_batch.fetching.results import Result
from dlc_batch.fetching.store import Store
from dlc_batch_core.errors import LabError, ProjectError
from dlc_batch_core.yaml_reader import read_yaml_mapping

#: DeepLabCut's list of a project's shuffles.
_METADATA = "metadata.yaml"


@dataclass(frozen=True)
class Changes:
    """What is to be written where; paths are those below the folder."""

    folder: Path
    new: tuple[Result, ...]
    grown: tuple[Result, ...]  # replaced without asking: nothing of the old one is lost
    replaced: tuple[Result, ...]
    unchanged: tuple[Result, ...]
    rivals: tuple[str, ...]  # other snapshots, which DeepLabCut would take instead

    @property
    def to_write(self) -> tuple[Result, ...]:
        return (*self.new, *self.grown, *self.replaced)

    @property
    def differing(self) -> tuple[str, ...]:
        """The files that are there and may be replaced only by the lab's leave."""
        return (*(str(result.path) for result in self.replaced), *self.rivals)

    @property
    def newer(self) -> tuple[str, ...]:
        """Those of `differing` that were changed here after the run had left its own."""
        changed = tuple(
            str(result.path)
            for result in self.replaced
            if _changed_at(self.folder / result.path) > result.modified
        )
        ended = max((each.modified for each in self.to_write), default=datetime.now(UTC))
        rivals = (each for each in self.rivals if _changed_at(self.folder / each) > ended)
        return (*changed, *rivals)


def compare(store: Store, results: tuple[Result, ...], proofs: Proofs, folder: Path) -> Changes:
    """Compare a run's results with a folder.

    What is as large as its result and can be told from it by its size alone is taken to differ.

    Raises:
        LabError: a file lies where a folder must be.
        CloudError: S3 refuses, or can't be reached.
    """
    kinds: dict[str, list[Result]] = {"new": [], "grown": [], "replaced": [], "unchanged": []}
    for result in results:
        kinds[_kind(store, result, proofs, folder)].append(result)
    sorted_out = {kind: tuple(each) for kind, each in kinds.items()}
    return Changes(folder, rivals=_rivals(results, folder), **sorted_out)


def _kind(store: Store, result: Result, proofs: Proofs, folder: Path) -> str:
    target = folder / result.path
    for parent in target.parents[: len(result.path.parts) - 1]:
        if parent.exists() and not parent.is_dir():
            raise LabError(
                f"{parent} is a file, and a folder of this name is to come.",
                "Nothing was changed. Move it away, and fetch again.",
            )
    if not target.exists() and not target.is_symlink():
        return "new"
    if proofs.is_content_of(result, target):
        return "unchanged"
    if target.name == _METADATA and _holds_all_shuffles_of(store.read(result), target):
        return "grown"
    return "replaced"


def _rivals(results: tuple[Result, ...], folder: Path) -> tuple[str, ...]:
    """DeepLabCut would take the newest or "best" snapshot of a shuffle, and the scores of this
    run would be of a network that is not used."""
    ours = {folder / each.path for each in results if each.path.suffix == ".pt"}
    there = {path for target in ours for path in target.parent.glob("snapshot*.pt")}
    return tuple(path.relative_to(folder).as_posix() for path in sorted(there - ours))


def _holds_all_shuffles_of(new: bytes, old: Path) -> bool:
    try:
        mine, theirs = (
            read_yaml_mapping(content.decode(), _METADATA).get("shuffles")
            for content in (new, old.read_bytes())
        )
    except (ProjectError, OSError, UnicodeDecodeError):
        return False
    return isinstance(mine, dict) and isinstance(theirs, dict) and set(theirs) <= set(mine)


def _changed_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.lstat().st_mtime, UTC)
