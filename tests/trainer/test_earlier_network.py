"""A network for each view: that of an earlier run sees the views of one camera."""

from __future__ import annotations

import csv
import dataclasses
import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.trainer.one_view import project_of_view

from dlc_batch.demo.project import IN_SPACE
from dlc_batch_core.cameras import Cameras
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.request import Request
from dlc_batch_trainer.earlier_network import EarlierNetworks
from dlc_batch_trainer.errors import UserError
from dlc_batch_trainer.store import RunStore

if TYPE_CHECKING:
    from tests.trainer.conftest import Bench, Finished

FRONT = "front-0123456789ab"
FRONT_NETWORK = "DLC_CspnextS_frontJan1shuffle1_snapshot_1"
SIDE_NETWORK = "DLC_CspnextS_sideJan1shuffle1_snapshot_1"
CAMERAS = dataclasses.replace(
    Cameras.from_dict(IN_SPACE["cameras"]),  # type: ignore[arg-type]  # a section of a request
    calibration="calibration_images",
    networks={"camera-1": FRONT},
)


@dataclass(frozen=True)
class Both:
    """A run for each view, the second of which puts both in space."""

    bench: Bench  # of the second
    done: Finished

    def scorers(self) -> dict[str, str]:
        """The network that each video's table names."""
        found = {}
        for path in self.done.results.glob("videos/*.csv"):
            if "_filtered" not in path.name:
                with path.open(newline="") as file:
                    found[path.name.partition("DLC")[0]] = next(csv.reader(file))[1]
        return found


@pytest.fixture(scope="module")
def both(make_bench: Callable[[], Bench], tiny_project: Path, tiny_request: Request) -> Both:
    bench = make_bench()
    request = dataclasses.replace(tiny_request, epochs=1)
    front = dataclasses.replace(bench, keys=RunKeys("somelab", FRONT))
    project = project_of_view(tiny_project, bench.folder / "front", 1, ["tailbase"])
    front.submit(front.zip_project(project), "", request)
    done = front.train()
    assert done.exit_code == 0, done.output
    folder = bench.folder / "second"
    folder.mkdir()
    side = dataclasses.replace(bench, keys=RunKeys("somelab", "side-0123456789ab"), folder=folder)
    project = project_of_view(tiny_project, folder / "side", 2)
    request = dataclasses.replace(request, analyze_videos=True, cameras=CAMERAS)
    side.submit(side.zip_project(project), "", request)
    done = side.train()
    assert done.exit_code == 0, done.output
    return Both(side, done)


def test_each_view_is_seen_by_its_own_network(both: Both) -> None:
    assert both.scorers() == {"walk-camera-1": FRONT_NETWORK, "walk-camera-2": SIDE_NETWORK}
    tables = [path.name for path in both.done.results.glob("videos/*_filtered.csv")]
    assert sorted(name.partition("DLC")[0] for name in tables) == [
        "walk-camera-1",
        "walk-camera-2",
    ]


def test_the_views_are_put_together_by_the_names_of_body_parts(both: Both) -> None:
    place = both.done.results / "3d"
    summary = json.loads((place / "walk_3d.json").read_text())
    assert summary["networks"] == {
        "camera-1": {"scorer": FRONT_NETWORK, "run_id": FRONT},
        "camera-2": {"scorer": SIDE_NETWORK, "run_id": None},
    }
    with (place / "walk_DLC_3D.csv").open(newline="") as file:
        parts = next(row for row in csv.reader(file) if row[0] == "bodyparts")[1::3]
    assert parts == ["snout", "leftear", "rightear"]
    metadata = pickle.loads((place / "walk_DLC_3D_meta.pickle").read_bytes())
    assert set(map(str, metadata["scorer_name"].values())) == {FRONT_NETWORK, SIDE_NETWORK}
    # Networks of one epoch are sure of nothing.
    came = both.done.outcome.follow_up
    assert (came["recordings_asked"], came["recordings"]) == (1, 0)
    assert [each for each in both.done.outcome.notes if each.startswith("There are no poses in")]


def test_the_lab_hears_which_network_saw_what(both: Both) -> None:
    notes = both.done.outcome.notes
    assert f"The views of camera-1 were analysed by the network of the run {FRONT}." in notes
    assert "walk: Only the network of camera-2 knows tailbase: left out." in notes
    assert not [note for note in notes if "failed" in note]
    report = (both.done.results / "report.html").read_text(encoding="utf-8")
    assert f"{FRONT} ({FRONT_NETWORK})" in report
    methods = " ".join((both.done.results / "methods.txt").read_text().split())
    assert f"camera-1 were left to the network of an earlier training (run {FRONT})" in methods
    record = json.loads((both.done.results / "videos" / "analysed.json").read_text())
    assert {path: each["network"] for path, each in record["videos"].items()} == {
        "videos/walk-camera-1.mp4": FRONT,
        "videos/walk-camera-2.mp4": "",
    }


def test_frames_that_the_other_network_is_unsure_of_are_not_to_be_labelled(both: Both) -> None:
    report = (both.done.results / "report.html").read_text(encoding="utf-8")
    advice = report.partition('<section id="next">')[2].partition("</section>")[0]
    assert "walk-camera-2" in advice
    assert "walk-camera-1" not in advice


def test_the_next_attempt_takes_what_is_done_as_it_is(both: Both) -> None:
    """Given a run interrupted after its videos, and the other network gone since."""
    bench = both.bench
    results = RunKeys("somelab", FRONT).results
    for each in bench.s3.list_objects_v2(Bucket=bench.bucket, Prefix=results)["Contents"]:
        bench.s3.delete_object(Bucket=bench.bucket, Key=each["Key"])
    again = bench.train(AWS_BATCH_JOB_ATTEMPT="3")
    assert again.exit_code == 0, again.output
    assert "video 1 of 2" not in again.output
    assert again.outcome.notes == both.done.outcome.notes
    assert again.outcome.follow_up == pytest.approx(both.done.outcome.follow_up)


MODEL = "iteration-0/frontJan1-trainset80shuffle1"
PARTS, SEVERAL = "all_joints_names: [snout, paw]\n", "metadata: {individuals: [ann, bob]}\n"


@pytest.fixture
def networks(bench: Bench, tiny_project: Path) -> Callable[[dict[str, str]], EarlierNetworks]:
    """Given what an earlier run left, by its place in results/."""

    def make(left: dict[str, str]) -> EarlierNetworks:
        for name, text in left.items():
            key = RunKeys("somelab", FRONT).results + name
            bench.s3.put_object(Bucket=bench.bucket, Key=key, Body=text.encode())
        store = RunStore(bench.s3, bench.bucket, bench.keys, 1)
        return EarlierNetworks(store, tiny_project, bench.folder / "networks")

    return make


@pytest.mark.parametrize(
    ("left", "why"),
    [
        ({}, "left no network"),
        ({"run.json": "{}", f"dlc-models-pytorch/{MODEL}/x.txt": ""}, "left no network"),
        ({f"dlc-models/{MODEL}/test/pose_cfg.yaml": PARTS}, "not of the pytorch engine"),
        (
            {f"dlc-models-pytorch/{MODEL}/train/pytorch_config.yaml": SEVERAL},
            "one of several animals",
        ),
    ],
)
def test_what_is_no_network_for_a_view_is_told(
    left: dict[str, str],
    why: str,
    networks: Callable[[dict[str, str]], EarlierNetworks],
) -> None:
    found = networks(left)
    for _ in range(2):  # it is not asked for again
        with pytest.raises(UserError, match=why):
            found.find(FRONT, "pytorch")


def test_of_several_shuffles_that_of_the_same_number_is_taken(
    networks: Callable[[dict[str, str]], EarlierNetworks], tmp_path: Path
) -> None:
    left, entries = {}, "shuffles:\n"
    for shuffle in (1, 2):
        name = f"front2May1-trainset28shuffle{shuffle}"  # DeepLabCut's 28, of 0.29
        entries += f"  {name}: {{train_fraction: 0.29, index: {shuffle}}}\n"
        model = f"dlc-models-pytorch/iteration-3/{name}"
        left |= {
            f"{model}/test/pose_cfg.yaml": PARTS,
            f"{model}/train/pytorch_config.yaml": "metadata: {individuals: [one]}\n",
            f"{model}/train/snapshot-best-0{shuffle}0.pt": "",
        }
    left["training-datasets/iteration-3/UnaugmentedDataSet_front2May1/metadata.yaml"] = entries
    made = networks(left)
    found = made.find(FRONT, "pytorch")
    assert (found.shuffle.shuffle, found.shuffle.trainset) == (1, 0)
    assert found.snapshot == "snapshot-best-010"
    store = dataclasses.replace(made.store, shuffle=2)
    other = EarlierNetworks(store, made.project, tmp_path / "second")
    assert other.find(FRONT, "pytorch").snapshot == "snapshot-best-020"
    config = found.shuffle.config_path.read_text()
    for line in ("Task: front2May1", "iteration: 3", "pcutoff: 0.6", "- paw"):
        assert line in config
    assert "- tailbase" not in config.partition("skeleton:")[0]
