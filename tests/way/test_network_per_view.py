"""A network for each view, the whole way: two uploads, and the second run puts both in space."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.trainer.one_view import project_of_view

from dlc_batch.demo.project import IN_SPACE, DemoSize, make_demo_project
from dlc_batch.packing import pack, plan_packing
from dlc_batch_core.keys import RunKeys

from .conftest import Way
from .trainings import REQUEST

pytestmark = pytest.mark.long  # two trainings; tests/trainer/test_earlier_network.py is shorter

LAB = "viewers"
ASKED = {**REQUEST, "epochs": 1, "evaluate": False}


def zip_of(project: Path, request: dict[str, Any]) -> bytes:
    (project / "dlc-batch.yaml").write_text(json.dumps(request))  # JSON is YAML
    archive = project.with_suffix(".zip")
    pack(plan_packing(project), archive)
    return archive.read_bytes()


def in_space(run: str) -> dict[str, Any]:
    """What is asked of the second run: the network of an earlier one sees the first view."""
    section = IN_SPACE["cameras"]
    assert isinstance(section, dict)
    cameras = {**section, "networks": {"camera-1": run}}
    return {**ASKED, "analyze_videos": True, "cameras": cameras}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("views") / "walk"
    return make_demo_project(folder, DemoSize(frames=20, labelled=8))


@pytest.fixture(scope="module")
def front(real_way: Way, demo: Path) -> str:
    """A run that trained the network for the first view."""
    project = project_of_view(demo, demo.with_name("front"), 1, ["tailbase"])
    run = real_way.put(zip_of(project, ASKED), f"uploads/{LAB}/front.zip")
    ended = real_way.ended(run, 600)
    assert ended.status == "SUCCEEDED", ended.message
    return run


def test_the_second_run_puts_both_views_in_space(real_way: Way, demo: Path, front: str) -> None:
    project = project_of_view(demo, demo.with_name("side"), 2)
    run = real_way.put(zip_of(project, in_space(front)), f"uploads/{LAB}/side.zip")

    ended = real_way.ended(run, 600)

    assert ended.status == "SUCCEEDED", ended.message
    (mail,) = real_way.mails(run, "SUCCEEDED")
    body = " ".join(mail.body.split())
    assert f"The views of camera-1 were analysed by the network of the run {front}." in body
    assert "Only the network of camera-2 knows tailbase: left out." in body
    # Networks of so few epochs are sure of nothing.
    assert "There are no poses in space; the notes below say why." in body
    key = f"{RunKeys(LAB, run).results}3d/walk_3d.json"
    answer = real_way.client("s3").get_object(Bucket=real_way.bucket, Key=key)
    networks = json.loads(answer["Body"].read())["networks"]
    assert networks["camera-1"]["run_id"] == front
    assert "frontJan1" in networks["camera-1"]["scorer"]
    assert "sideJan1" in networks["camera-2"]["scorer"]


def test_a_run_of_another_lab_is_told_before_anything_is_spent(
    real_way: Way, demo: Path, front: str
) -> None:
    project = project_of_view(demo, demo.with_name("strange"), 2)
    run = real_way.put(zip_of(project, in_space(front)), "uploads/strangers/side.zip")

    ended = real_way.ended(run)

    assert ended.status == "REJECTED"
    (mail,) = real_way.mails(run, "REJECTED")
    assert "(network-run)" in mail.body
    assert f"Your lab has no run {front}." in " ".join(mail.body.split())
    assert real_way.jobs(run) == []
