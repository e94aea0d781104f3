"""A run that begins from the network of an earlier run of the lab."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from tests.trainer.snapshots import hash_of

from dlc_batch_core.keys import RunKeys
from dlc_batch_core.outcome import ErrorKind
from dlc_batch_core.request import Request

if TYPE_CHECKING:
    from tests.trainer.conftest import Bench, Finished


@dataclasses.dataclass(frozen=True)
class Earlier:
    """A run that has ended well."""

    bench: Bench
    done: Finished
    request: Request

    def follow(self, folder: Path, project: Path, lab: str = "somelab") -> Finished:
        """Train a project from its network."""
        number = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
        bench = dataclasses.replace(self.bench, keys=RunKeys(lab, f"tiny-{number}"), folder=folder)
        request = dataclasses.replace(self.request, weights=self.bench.keys.run_id, seed=99)
        bench.submit(bench.zip_project(project), "", request)
        return bench.train()


@pytest.fixture(scope="module")
def earlier(make_bench: Callable[[], Bench], tiny_project: Path, tiny_request: Request) -> Earlier:
    bench, request = make_bench(), dataclasses.replace(tiny_request, epochs=1)
    bench.submit(bench.zip_project(tiny_project), "", request)
    done = bench.train()
    assert done.exit_code == 0, done.output
    return Earlier(bench, done, request)


def test_it_begins_where_the_earlier_one_ended(
    earlier: Earlier, tiny_project: Path, tmp_path: Path
) -> None:
    later = earlier.follow(tmp_path, tiny_project)
    assert later.exit_code == 0, later.output
    began = later.run_file()["began_from"]
    assert isinstance(began, dict)
    run_id = earlier.bench.keys.run_id
    assert began["pose_weights"] == run_id
    (snapshot,) = earlier.done.results.glob("dlc-models-pytorch/*/*/train/snapshot-001.pt")
    state = torch.load(snapshot, map_location="cpu", weights_only=True)["model"]
    assert began["pose_sha256"] == hash_of(state)
    assert f"run {run_id}" in " ".join((later.results / "methods.txt").read_text().split())


def test_a_network_of_other_body_parts_is_refused(
    earlier: Earlier, tiny_project: Path, tmp_path: Path
) -> None:
    changed = shutil.copytree(tiny_project, tmp_path / "changed")
    for path in (changed / "config.yaml", *changed.glob("labeled-data/*/*.csv")):
        path.write_text(_without_tail(path))
    later = earlier.follow(tmp_path, changed)
    assert later.exit_code == 2, later.output
    assert later.outcome.error_kind is ErrorKind.USER
    assert "other body parts" in later.outcome.message
    assert "weights: pretrained" in later.outcome.remedy


def test_a_run_of_another_lab_is_not_found(
    earlier: Earlier, tiny_project: Path, tmp_path: Path
) -> None:
    later = earlier.follow(tmp_path, tiny_project, lab="otherlab")
    assert later.exit_code == 2, later.output
    assert "left no snapshot" in later.outcome.message


def _without_tail(path: Path) -> str:
    """The text of a config.yaml or label table without the body part `tailbase`."""
    text = path.read_text()
    if path.suffix == ".yaml":
        return "\n".join(line for line in text.splitlines() if line.strip() != "- tailbase") + "\n"
    rows = [line.split(",") for line in text.splitlines()]
    kept = [n for n in range(len(rows[0])) if rows[1][n] != "tailbase"]
    return "\n".join(",".join(row[n] for n in kept) for row in rows) + "\n"
