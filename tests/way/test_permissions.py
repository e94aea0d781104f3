"""IAM is enforced: a role that lacks one permission can't do its part, and the log says which."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: A statement of the template, and the one action of it that is taken away.
TAKEN = {
    "SubmitFunction": (
        "Action: [dynamodb:GetItem, dynamodb:PutItem, dynamodb:UpdateItem]",
        "dynamodb:PutItem, ",
    ),
    "CompleteFunction": (
        "Action: [dynamodb:GetItem, dynamodb:UpdateItem]",
        ", dynamodb:UpdateItem",
    ),
    "TrainerRole": (
        "Action: [s3:GetObject, s3:PutObject, s3:AbortMultipartUpload]",
        "s3:PutObject, ",
    ),
}


@pytest.fixture(scope="module")
def crippled(
    start_way: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Any]:
    """Starts the product's stack without one permission of one role."""

    def start(role: str) -> Any:
        statement, action = TAKEN[role]
        text = (ROOT / "template.yaml").read_text()
        assert text.count(statement) == 1, f"the template reads otherwise now: {statement}"
        folder = tmp_path_factory.mktemp("crippled")
        for source in ("functions", "core", "trainer_image", "requirements"):
            (folder / source).symlink_to(ROOT / source)
        template = folder / "template.yaml"
        template.write_text(text.replace(statement, statement.replace(action, "")))
        return start_way(template)

    return start


def test_submit_may_not_write_records_without_its_permission(
    crippled: Callable[[str], Any], zip_project: Callable[..., bytes]
) -> None:
    way = crippled("SubmitFunction")
    run = way.put(zip_project(), "uploads/lab/project.zip")

    (error,) = way.deliver("SubmitFunction", way.event_of("uploads/lab/project.zip"))

    assert "AccessDenied" in error
    assert "dynamodb:PutItem" in error
    assert way.items(run) == []
    assert way.jobs(run) == []


def test_complete_may_not_move_records_without_its_permission(
    crippled: Callable[[str], Any], zip_project: Callable[..., bytes]
) -> None:
    way = crippled("CompleteFunction")
    run = way.put(zip_project(), "uploads/lab/project.zip")

    def job_ended() -> bool:
        return any(job["status"] == "SUCCEEDED" for job in way.jobs(run))

    way.wait_for(job_ended, "the end of the job")
    (job,) = way.jobs(run)
    (detail,) = way.client("batch").describe_jobs(jobs=[job["jobId"]])["jobs"]
    names = ("jobId", "status", "attempts", "parameters")
    event = {"detail": {name: detail[name] for name in names}}
    (error,) = way.deliver("CompleteFunction", event)
    assert "AccessDenied" in error
    assert "dynamodb:UpdateItem" in error
    assert way.run(run).status == "QUEUED"
    assert way.mails(run, "SUCCEEDED") == []


def test_the_trainer_may_not_write_results_without_its_permission(
    crippled: Callable[[str], Any], zip_project: Callable[..., bytes]
) -> None:
    way = crippled("TrainerRole")
    run = way.put(zip_project(), "uploads/lab/project.zip")

    ended = way.ended(run)

    assert ended.status == "FAILED"
    assert "outcome not written" in "\n".join(way.log_of_trainer())
    assert "AccessDenied" in "\n".join(way.log_of_trainer())
