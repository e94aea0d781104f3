"""The folders of labeled-data, as far as the names of their files tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dlc_batch_core.labels import FOLDER

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
_TABLE = "CollectedData"
#: Drawn by DeepLabCut's check_labels, to look at.
_DRAWN = "_labeled"


@dataclass(frozen=True)
class LabelFolder:
    """One video's frames, and what is labelled on them."""

    name: str  # the video's stem
    tables: tuple[str, ...]  # CollectedData*.csv
    others: tuple[str, ...]  # CollectedData* in forms that are not read
    images: frozenset[str]  # names

    @property
    def path(self) -> str:
        return f"{FOLDER}/{self.name}/"

    @property
    def is_drawn(self) -> bool:
        """Whether DeepLabCut made it, to look at, or a desktop hides it."""
        return self.name.endswith(_DRAWN) or self.name.startswith(".")


def table_name(scorer: str) -> str:
    """Return the name of a scorer's label table."""
    return f"{_TABLE}_{scorer}.csv"


def find_label_folders(paths: Iterable[str]) -> tuple[LabelFolder, ...]:
    """Return the folders of labeled-data, by name."""
    names: dict[str, list[str]] = {}
    for path in paths:
        match path.split("/"):
            case [first, folder, name] if first == FOLDER:
                names.setdefault(folder, []).append(name)
    return tuple(_folder(each, sorted(names[each])) for each in sorted(names))


def _folder(folder: str, names: list[str]) -> LabelFolder:
    labels = [name for name in names if name.startswith(_TABLE)]
    return LabelFolder(
        folder,
        tuple(name for name in labels if name.lower().endswith(".csv")),
        tuple(name for name in labels if not name.lower().endswith(".csv")),
        frozenset(name for name in names if name.lower().endswith(IMAGES)),
    )
