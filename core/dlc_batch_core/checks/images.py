"""Whether the labelled images are there, are images, and hold the labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dlc_batch_core.catalogue import problem
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.image_header import HEAD_BYTES, image_kind, image_size
from dlc_batch_core.label_folders import LabelFolder
from dlc_batch_core.labels import LabelRow, LabelTable
from dlc_batch_core.problems import Problem
from dlc_batch_core.project_files import ProjectFiles
from dlc_batch_core.words import listed

#: Heads of images read from afar: some of each video tell of a wrong export.
MOST_REMOTE_HEADS = 20
#: Requests for label tables and heads together, where there are few tables: with the directory,
#: config.yaml and dlc-batch.yaml a check stays within six. Heads that are held already are free,
#: and one may always be asked for.
MOST_REMOTE_REQUESTS = 3
#: And where they lie on a disk: 20,000 take two seconds.
MOST_LOCAL_HEADS = 20_000
_SHORT_HEAD = 1 << 10  # PNG and BMP have their size in the first 30 bytes

Size = tuple[int, int]


@dataclass(frozen=True)
class Images:
    """What the heads of the labelled images tell."""

    sizes: Mapping[str, Size] = field(default_factory=dict)  # by path, of those that were read
    broken: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()

    def sizes_of(self, table: LabelTable) -> set[Size]:
        """Return the sizes that are known of a table's images."""
        return {size for row in table.rows if (size := self.sizes.get(row.image))}

    def by_folder(self, tables: Iterable[LabelTable]) -> dict[str, Size]:
        """Return the size of each folder's first image that was read."""
        return {
            table.folder: next(self.sizes[r.image] for r in table.rows if r.image in self.sizes)
            for table in tables
            if self.sizes_of(table)
        }


def find_missing_images(
    tables: Sequence[LabelTable], folders: Sequence[LabelFolder]
) -> list[Problem]:
    """Find labelled images that are not there. Folders without any have a problem of their own."""
    images = {folder.name: folder.images for folder in folders}
    found: list[Problem] = []
    for table in tables:
        there = images.get(table.folder, frozenset())
        missing = [row for row in table.rows if _name(row) not in there]
        if there and missing:
            found += _missing(table, missing, {name.casefold(): name for name in there})
    return found


def _missing(
    table: LabelTable, rows: Sequence[LabelRow], folded: Mapping[str, str]
) -> Iterator[Problem]:
    other = [row for row in rows if _name(row).casefold() in folded]
    gone = [row for row in rows if _name(row).casefold() not in folded]
    if other:
        names = listed(f"{_name(row)} (there is {folded[_name(row).casefold()]})" for row in other)
        what = f"{_images(other)} in other case only: {names}."
        yield problem("image-case", f"{table.where}, row {other[0].line}", what)
    if gone:
        what = f"{_images(gone)} missing: {listed(_name(row) for row in gone)}."
        yield problem("image-missing", f"{table.where}, row {gone[0].line}", what)


def _images(rows: Sequence[LabelRow]) -> str:
    return "1 labelled image is" if len(rows) == 1 else f"{len(rows)} labelled images are"


def read_images(tables: Sequence[LabelTable], files: ProjectFiles) -> Images:
    """Read the heads of the labelled images: all, or a sample where each is a request."""
    sizes: dict[str, Size] = {}
    broken: set[str] = set()
    problems: list[Problem] = []
    named = [row.image for table in tables for row in table.rows if row.image in files]
    empty = [path for path in named if not files.size(path)]
    most_requests = files.requests + max(1, MOST_REMOTE_REQUESTS - len(tables))
    for path in _sample(tables, files):
        if files.is_remote and files.requests >= most_requests:
            break
        try:
            size, is_broken = read_size(files, path)
        except ProjectError as error:
            problems += error.problems
            continue
        if size is not None:
            sizes[path] = size
        elif is_broken:
            broken.add(path)
    return Images(sizes, frozenset(broken.union(empty)), tuple(problems))


def read_size(files: ProjectFiles, path: str) -> tuple[Size | None, bool]:
    """Return an image's size, where its head tells it, and whether it is no image.

    Raises:
        ProjectError: it is damaged.
    """
    head = _read_head(files, path)
    size = image_size(head)
    return size, size is None and not _may_be_longer(head, files.size(path))


def _read_head(files: ProjectFiles, path: str) -> bytes:
    head = files.read_head(path, _SHORT_HEAD)
    is_enough = image_size(head) is not None or len(head) < _SHORT_HEAD
    return head if is_enough else files.read_head(path, HEAD_BYTES)


def _may_be_longer(head: bytes, size: int) -> bool:
    """Whether the size stands further on: JPEG's after a colour profile, TIFF's at the end."""
    return image_kind(head) in ("jpeg", "tiff") and size > len(head)


def _sample(tables: Sequence[LabelTable], files: ProjectFiles) -> list[str]:
    most = MOST_REMOTE_HEADS if files.is_remote else MOST_LOCAL_HEADS
    there = [[r.image for r in t.rows if r.image in files and files.size(r.image)] for t in tables]
    total = sum(len(each) for each in there)
    if total <= most:
        return [path for each in there for path in each]
    first = [each[0] for each in there if each][:most]  # one of each video, then spread evenly
    rest = [path for each in there for path in each[1:]]
    left = most - len(first)
    return first + [rest[n * len(rest) // left] for n in range(left)] if left else first


def find_broken_images(tables: Sequence[LabelTable], images: Images) -> list[Problem]:
    """Find labelled images that are none."""
    found = list(images.problems)
    for table in tables:
        rows = [row for row in table.rows if row.image in images.broken]
        if rows:
            names = listed(_name(row) for row in rows)
            what = f"These labelled images can't be read: {names} (in the table from row"
            what += f" {rows[0].line} on)."
            found.append(problem("image-unreadable", rows[0].image, what))
    return found


def find_outside_labels(tables: Sequence[LabelTable], images: Images) -> list[Problem]:
    """Find labels that lie outside their image, by the rule that DeepLabCut drops them by."""
    found = []
    for table in tables:
        sizes = images.sizes_of(table)
        usual = next(iter(sizes)) if len(sizes) == 1 else None  # also of frames not read
        rows = [r for r in table.rows if _lies_outside(r, images.sizes.get(r.image, usual))]
        if rows:
            what = f"Labels lie outside their image in {listed(_name(row) for row in rows)}."
            place = f"{table.where}, row {rows[0].line}"
            found.append(problem("label-outside-image", place, what))
    return found


def _lies_outside(row: LabelRow, size: Size | None) -> bool:
    # format_training_data: 0 < x < width, and the same for y
    return size is not None and any(
        not (0 < point[0] < size[0] and 0 < point[1] < size[1]) for point in row.points if point
    )


def _name(row: LabelRow) -> str:
    return row.image.rpartition("/")[2]
