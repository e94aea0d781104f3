"""The list, a run, several side by side, reports and logs, as a user asks for them."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from tests.client.console.lab import POSES, Lab
from tests.client.console.running import Visitor, environment_of, running

from dlc_batch.cloud import Cloud
from dlc_batch.console.reports import views_of
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.problems import Problem
from dlc_batch_core.run import Run, Status

Record = Callable[..., Run]
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}'


@pytest.fixture(scope="module")
def lab(cloud: Cloud) -> Lab:
    return Lab(cloud)


@pytest.fixture(scope="module")
def runs(lab: Lab) -> dict[str, Run]:
    return lab.fill()


def words(page: str) -> str:
    """What a page says."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_the_list_has_each_run_by_lab_and_state(visitor: Visitor, runs: dict[str, Run]) -> None:
    page = visitor.get("/").text
    assert all(f"/runs/{run.run_id}" in page for run in runs.values())
    said = words(page)
    assert "training training, epoch 124 of 200" in said
    assert "failed The loss is not a number any more in epoch 12." in said
    of_lab = visitor.get("/?lab=okafor").text
    assert runs["failed"].run_id in of_lab
    assert runs["one"].run_id not in of_lab
    of_state = visitor.get("/?state=FAILED&lab=okafor").text
    assert runs["failed"].run_id in of_state
    assert runs["cancelled"].run_id not in of_state
    assert "No run is like that." in visitor.get("/?lab=nobody").text


def test_a_part_is_the_page_without_what_stands_still(
    visitor: Visitor, runs: dict[str, Run]
) -> None:
    for path in ("/", f"/runs/{runs['training'].run_id}"):
        answer = visitor.get(path, X_Live="1")
        assert answer.code == 200
        assert "<html" not in answer.text
        assert answer.text.strip() in visitor.get(path).text
    assert answer.headers["X-Live-Again"] == "1"
    ended = visitor.get(f"/runs/{runs['one'].run_id}", X_Live="1")
    assert ended.headers["X-Live-Again"] == "0"


def test_the_list_asks_less_often_where_nothing_is_under_way(
    visitor: Visitor, runs: dict[str, Run], aws: Any
) -> None:
    assert runs["training"].status is Status.RUNNING
    assert seconds_between_looks(visitor) == 15
    assert seconds_between_looks(visitor, f"?state={Status.FAILED}") == 15  # unseen, it goes on
    cloud = Cloud(aws.session, aws.endpoint_url, aws.make_bucket(), aws.make_runs_table(), "none")
    Lab(cloud).write("done", Status.SUCCEEDED)
    with running(environment_of(aws, cloud)) as address:
        assert seconds_between_looks(Visitor(address).come_in()) == 60


def seconds_between_looks(visitor: Visitor, asked: str = "") -> int:
    """What the list says of when it asks for itself anew: the page, and each answer after it."""
    answer = visitor.get(f"/{asked}")
    told = answer.headers["X-Live-Every"]
    assert f'data-every="{told}"' in answer.text
    return int(told)


def test_a_training_is_told_with_its_whole_curve(visitor: Visitor, runs: dict[str, Run]) -> None:
    page = visitor.get(f"/runs/{runs['training'].run_id}").text
    said = words(page)
    assert "attempt 2" in said
    assert "loss 0.00214, validation error 4.02 px, 87.3 images/s, about 26 min left" in said
    # of the checkpoint, and of what was seen since
    assert re.search(r'aria-label="Loss\. loss: [0-9.]+ at epoch 1, 0\.00214 at epoch 124;', page)
    assert "Stop, and keep the best" in said
    assert "Fetch the results" not in said


def test_what_ended_is_told_with_scores_problems_and_remedy(
    visitor: Visitor, runs: dict[str, Run]
) -> None:
    said = words(visitor.get(f"/runs/{runs['one'].run_id}").text)
    assert "Error on test frames 4.10 px" in said
    assert "0.42 $" in said
    assert "Cancel" not in said
    said = words(visitor.get(f"/runs/{runs['rejected'].run_id}").text)
    assert "Error in labeled-data/mouse3/CollectedData_Ann.csv, row 17" in said
    assert "Put the image back, or delete the row." in said
    assert "Logs" not in said
    said = words(visitor.get(f"/runs/{runs['failed'].run_id}").text)
    assert "Ask for a lower learning rate." in said


def test_runs_are_set_side_by_side(visitor: Visitor, runs: dict[str, Run]) -> None:
    one, other = runs["one"].run_id, runs["other"].run_id
    page = visitor.get(f"/compare?run={one}&run={other}").text
    said = words(page)
    assert "Error on test frames 4.10 px least 4.70 px" in said
    assert "net_type resnet_50 hrnet_w32" in said
    assert "batch_size 8 4" in said
    assert "time_limit_hours" not in said  # the same
    assert page.count("<polyline") == 4  # losses and errors, of each
    assert f"{one}: 0.0" in page[page.index('aria-label="Loss. ') :]  # for a screen reader
    for wrong in ("", f"?run={one}", f"?run={one}&run={one}", "?" + "&run=x-0" * 7):
        assert visitor.get(f"/compare{wrong}").code == 400
    assert visitor.get(f"/compare?run={one}&run=none-0123456789ab").code == 404


def test_a_report_is_shown_and_can_do_nothing(
    visitor: Visitor, runs: dict[str, Run], lab: Lab, cloud: Cloud
) -> None:
    run = runs["other"]
    key = f"{RunKeys(run.lab, run.run_id).results}report.html"
    lab.put(key, "<h1>Report</h1><script>fetch('/')</script>")
    page = visitor.get(f"/runs/{run.run_id}/reports/1").text
    assert 'sandbox=""' in page
    content = visitor.get(f"/runs/{run.run_id}/reports/1/content")
    assert content.text.startswith("<h1>Report</h1>")
    policy = content.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none';")
    assert "script-src" not in policy
    assert visitor.get(f"/runs/{run.run_id}/reports/2").code == 400
    cloud.s3.delete_object(Bucket=cloud.bucket, Key=key)
    answer = visitor.get(f"/runs/{run.run_id}/reports/1/content")
    assert "left no report of shuffle 1" in answer.text


def test_poses_in_space_are_told_compared_and_can_be_turned(
    visitor: Visitor, runs: dict[str, Run], lab: Lab, cloud: Cloud
) -> None:
    run = lab.in_space()
    page = visitor.get(f"/runs/{run.run_id}").text
    said = words(page)
    assert "Error of the cameras' calibration 0.12 px" in said
    assert "Standard error of a point in space 0.41 mm" in said
    assert "Poses in space" not in words(visitor.get(f"/runs/{runs['one'].run_id}").text)
    compared = words(visitor.get(f"/compare?run={run.run_id}&run={runs['one'].run_id}").text)
    assert "Standard error of a point in space 0.41 mm -" in compared
    link = f"/runs/{run.run_id}/poses/1"
    assert link in page
    assert link in visitor.get(f"/runs/{run.run_id}/reports/1").text  # its own links lead nowhere
    framed = visitor.get(link).text
    assert "Poses in space: day 1/walk" in words(framed)
    assert 'sandbox="allow-scripts"' in framed
    content = visitor.get(f"{link}/content")
    assert content.text == POSES
    policy = content.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none';")
    assert "connect-src" not in policy
    for other in (0, 2):
        assert visitor.get(f"/runs/{run.run_id}/poses/{other}").code == 400
    key = f"{RunKeys(run.lab, run.run_id).results}3d/day 1/walk_3d.html"
    cloud.s3.delete_object(Bucket=cloud.bucket, Key=key)
    assert "left no poses in space of day 1/walk." in visitor.get(f"{link}/content").text


def test_poses_of_several_shuffles_are_told_apart(visitor: Visitor, lab: Lab) -> None:
    files = ("shuffle1/3d/walk_3d.html", "shuffle2/3d/walk_3d.html", "3d/cameras.json")
    run = lab.write("both", Status.SUCCEEDED, files=files)
    assert [each.name for each in views_of(run)] == ["walk (shuffle 1)", "walk (shuffle 2)"]
    assert "walk (shuffle 2)" in visitor.get(f"/runs/{run.run_id}/poses/2").text


def test_logs_that_are_not_there_say_why(visitor: Visitor, runs: dict[str, Run]) -> None:
    page = visitor.get(f"/runs/{runs['waiting'].run_id}/logs").text
    assert "no computer has begun to train it" in page
    assert visitor.get(f"/runs/{runs['waiting'].run_id}/logs?shuffle=7").code == 400


def test_what_is_not_there_is_said(visitor: Visitor) -> None:
    for path, said in {
        "/runs/mouse-ba9876543210": "There is no run mouse-ba9876543210.",
        "/runs/no-run": "There is no run no-run.",
        "/nowhere": "There is no such page.",
        "/drops/0123": "This console has no such zip any more.",
        "/runs/mouse-0123456789ab/fetch/0123": "This console knows of no such transfer.",
    }.items():
        answer = visitor.get(path)
        assert answer.code == 404
        assert said in words(answer.text)


def test_a_hostile_name_is_text(visitor: Visitor, lab: Lab, record: Record) -> None:
    """Runs that another version, or another program, wrote into the table."""
    problem = Problem("x", HOSTILE, HOSTILE, HOSTILE)
    run = record(
        status=Status.FAILED,
        lab=HOSTILE,
        message=HOSTILE,
        remedy=HOSTILE,
        notes=(HOSTILE,),
        problems=(problem,),
        metrics={HOSTILE: 1.0, "test_rmse_px": float("nan")},
        files=(f"{HOSTILE}/shuffle1/train/learning_stats.csv", f"3d/{HOSTILE}_3d.html"),
        follow_up={"recordings_asked": 1.0, "calibration_px": float("nan")},
        network=HOSTILE,
        instance_type=HOSTILE,
        cost={"hours": 1.0, "dollars": 1.0},
    )
    other = record(status=Status.RUNNING, lab=HOSTILE, attempt=3, metrics={HOSTILE: 2.0})
    lab.tell(other, stage=HOSTILE, phase=HOSTILE, epoch=3, loss=0.5)
    for path in (
        "/",
        f"/runs/{run.run_id}",
        f"/runs/{other.run_id}",
        f"/compare?run={run.run_id}&run={other.run_id}",
        f"/runs/{run.run_id}/logs",
        f"/runs/{run.run_id}/reports/1",
        f"/runs/{run.run_id}/poses/1",
        f"/runs/{other.run_id}/cancel",
        "/send",
    ):
        answer = visitor.get(path)
        assert answer.code == 200, path
        assert "<script>alert" not in answer.text
        assert "<img" not in answer.text
        assert "49" not in re.sub(r"[0-9a-f]{12}", "", words(answer.text).replace("{{ 7*7 }}", ""))
    assert HOSTILE in unescape(visitor.get(f"/runs/{run.run_id}").text)
