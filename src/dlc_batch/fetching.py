"""Getting a run's results: into the project's folder, never over what differs unless told."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path, PurePosixPath

from dlc_batch.cloud import Cloud, aws_errors_as_ours
from dlc_batch_core.errors import CloudError, LabError, ProjectError
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.run import REST_MARK, Run, Status
from dlc_batch_core.yaml_reader import read_yaml_mapping

#: In the names that DeepLabCut gives, and in our own folder.
_SHUFFLE = re.compile(r"shuffle([0-9]+)(?![0-9])")


@dataclass(frozen=True)
class Result:
    """One file of a run's results."""

    key: str
    path: PurePosixPath  # below results/
    size: int  # bytes


@dataclass(frozen=True)
class Fetched:
    """What a fetch did, by path below the folder."""

    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    kept: tuple[str, ...]  # earlier files that were replaced, under their new names


def list_results(cloud: Cloud, run: Run) -> tuple[Result, ...]:
    """Return the files of a run's results.

    Raises:
        LabError: the run has no results. One of several shuffles has those of the shuffles that
            were trained, however the others ended.
        CloudError: a file that the run left is gone.
    """
    if not (run.status is Status.SUCCEEDED or (run.status.is_final and run.files)):
        ended = f"It is {run.status}. {run.message}".strip()
        remedy = "" if run.status.is_final else "Wait for its mail."
        raise LabError(f"Run {run.run_id} has no results. {ended}", remedy)
    prefix = RunKeys(run.lab, run.run_id).results
    with aws_errors_as_ours():
        pages = cloud.s3.get_paginator("list_objects_v2").paginate(
            Bucket=cloud.bucket, Prefix=prefix
        )
        found = [item for page in pages for item in page.get("Contents", [])]
    lost = {part.shuffle for part in run.parts if part.status is not Status.SUCCEEDED}
    results = [
        Result(each["Key"], path, each["Size"])
        for each in found
        if not each["Key"].endswith("/")
        if not _is_of(lost, path := _path(each["Key"].removeprefix(prefix)))
    ]
    lacking = set(run.files) - {str(result.path) for result in results}
    lacking = {name for name in lacking if not name.startswith(REST_MARK)}
    if lacking or not results:
        what = f"The results of run {run.run_id} are not whole: {', '.join(sorted(lacking))}."
        raise CloudError(what, "Somebody deleted them: upload the project again.")
    return tuple(results)


def _is_of(shuffles: set[int], path: PurePosixPath) -> bool:
    """Whether a file is of one of some shuffles that were not trained to their end.

    Their splits are kept: DeepLabCut's list of shuffles may name them.
    """
    if path.parts[0] == "training-datasets":
        return False
    return any(int(number) in shuffles for number in _SHUFFLE.findall(str(path)))


def fetch(
    cloud: Cloud,
    run: Run,
    results: tuple[Result, ...],
    folder: Path,
    overwrite: bool = False,
    got: Callable[[int], object] = lambda _: None,
) -> Fetched:
    """Download results below a folder; all of them, or none.

    All files are downloaded first, and only then put in place, each at once. A file that is
    there and differs is replaced only with `overwrite`, and then kept as NAME.before-RUN. So is
    another snapshot of the same shuffle: DeepLabCut would take the newest or "best" of them, and
    the scores of this run would be of a network that is not used.

    Args:
        got: is told the bytes as they come.

    Raises:
        LabError: files are there that differ.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".dlc-batch-", dir=folder) as waiting:
        news = [(result, Path(waiting, str(n))) for n, result in enumerate(results)]
        s3 = cloud.s3
        for result, file in news:
            with aws_errors_as_ours():
                s3.download_file(cloud.bucket, result.key, str(file), Callback=got)
        return _put_in_place(run, news, folder, overwrite)


def _put_in_place(
    run: Run, news: list[tuple[Result, Path]], folder: Path, overwrite: bool
) -> Fetched:
    targets = [(result, file, folder / result.path) for result, file in news]
    changed = [each for each in targets if not _are_same(each[1], each[2])]
    rivals = _other_snapshots([target for _, _, target in targets])
    differing = [
        target.relative_to(folder).as_posix()
        for file, target in [*((file, target) for _, file, target in changed), *rivals]
        if target.exists() and not _holds_all_shuffles_of(file, target)
    ]
    if differing and not overwrite:
        raise LabError(
            f"These files of {folder} are there already and differ: {', '.join(differing)}.",
            "Nothing was changed. --overwrite replaces them, and keeps each as NAME.before-RUN.",
        )
    kept = []
    for _, rival in rivals:
        kept.append(_aside(rival, run).relative_to(folder).as_posix())
        rival.replace(_aside(rival, run))
    for _, file, target in changed:
        if target.exists():
            aside = _aside(target, run)
            target.replace(aside)
            kept.append(aside.relative_to(folder).as_posix())
        target.parent.mkdir(parents=True, exist_ok=True)
        file.replace(target)
    written = tuple(str(result.path) for result, _, _ in changed)
    same = tuple(str(result.path) for result, _ in news if str(result.path) not in written)
    return Fetched(written, same, tuple(kept))


def _other_snapshots(targets: list[Path]) -> list[tuple[None, Path]]:
    ours = [target for target in targets if target.suffix == ".pt"]
    there = {path for target in ours for path in target.parent.glob("snapshot*.pt")}
    return [(None, path) for path in sorted(there - set(ours))]


def _holds_all_shuffles_of(new: Path | None, old: Path) -> bool:
    """Whether this is metadata.yaml, and the new one has every shuffle of the old one."""
    if new is None or old.name != "metadata.yaml":
        return False
    try:
        mine, theirs = (
            read_yaml_mapping(path.read_text("utf-8"), old.name).get("shuffles")
            for path in (new, old)
        )
    except (ProjectError, OSError, UnicodeDecodeError):
        return False
    return isinstance(mine, dict) and isinstance(theirs, dict) and set(theirs) <= set(mine)


def _aside(target: Path, run: Run) -> Path:
    first = f"{target.name}.before-{run.run_id}"
    names = chain([first], (f"{first}.{number}" for number in count(2)))
    return next(path for name in names if not (path := target.with_name(name)).exists())


def _are_same(one: Path, other: Path) -> bool:
    if not other.is_file() or one.stat().st_size != other.stat().st_size:
        return False
    return _digest(one) == _digest(other)


def _digest(file: Path) -> bytes:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").digest()


def _path(relative: str) -> PurePosixPath:
    path = PurePosixPath(relative)
    if path.is_absolute() or ".." in path.parts:
        raise LabError(f"The results hold a file outside of them: {relative}.")
    return path
