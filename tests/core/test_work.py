"""How many images go through the network, from what decides it."""

from dataclasses import replace
from typing import Any

import pytest

from dlc_batch_core.check import Check
from dlc_batch_core.home_settings import HomeSettings, parse_home_settings
from dlc_batch_core.labels import parse_labels
from dlc_batch_core.project import parse_project
from dlc_batch_core.request import Request
from dlc_batch_core.work import Work, work_of

LABELS = """\
scorer,Ann,Ann
bodyparts,paw,paw
coords,x,y
labeled-data/v/img1.png,1,2
labeled-data/v/img2.png,3,4
"""


def work(request: Request, home: HomeSettings | None = None, **config: Any) -> Work:
    plain = {"Task": "t", "scorer": "Ann", "date": "d", "bodyparts": ["paw"]}
    project = parse_project({**plain, "TrainingFraction": [0.9], **config}, "config.yaml")
    table = parse_labels(LABELS, "labeled-data/v/CollectedData_Ann.csv", "v")
    return work_of(Check((), tables=(table,), homes=(home,)), project, request)


@pytest.mark.parametrize(
    ("request_", "home", "images"),
    [
        (Request(), None, 400),
        (Request(epochs=7), None, 14),
        (Request(overrides={"train_settings.epochs": 5}), None, 10),
        (Request(), {"train_settings": {"epochs": 11}}, 22),
        (Request(epochs=7), {"train_settings": {"epochs": 11}}, 14),
    ],
)
def test_frames_times_epochs(request_: Request, home: dict[str, Any] | None, images: int) -> None:
    settings = parse_home_settings(home, "home") if home is not None else None
    assert work(request_, settings) == Work("pytorch/resnet_50", images)


def test_iterations_times_batch_with_tensorflow() -> None:
    asked = Request(engine="tensorflow", iterations=50, batch_size=4)
    assert work(asked) == Work("tensorflow/resnet_50", 200)
    schedule = {"all_joints_names": ["paw"], "multi_step": [[0.005, 10], [0.02, 30]]}
    home = parse_home_settings({**schedule, "batch_size": 8}, "home")
    assert work(replace(asked, iterations=None, batch_size=None), home).images == 240


def test_a_top_down_network_has_two_speeds() -> None:
    asked = Request(net_type="top_down_resnet_50")
    assert work(asked) == Work("pytorch/top_down_resnet_50", 400, is_measurable=False)


def test_of_several_shuffles_the_longest_counts() -> None:
    table = parse_labels(LABELS, "labeled-data/v/CollectedData_Ann.csv", "v")
    homes = tuple(parse_home_settings({"train_settings": {"epochs": n}}, "home") for n in (5, 9))
    plain = {"Task": "t", "scorer": "Ann", "date": "d", "bodyparts": ["paw"]}
    project = parse_project({**plain, "TrainingFraction": [0.9]}, "config.yaml")
    check = Check((), tables=(table,), homes=homes)
    found = work_of(check, project, Request(shuffles=(1, 2)))
    assert found == Work("pytorch/resnet_50", 18, trainings=2)
