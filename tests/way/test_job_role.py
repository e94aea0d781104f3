"""A training job's role: its run's place in the bucket, and nothing else, with IAM enforced."""

import json
import re
from collections.abc import Callable

from .conftest import Way
from .forbidden import NAMES


def test_a_job_may_do_no_more_than_its_run_needs(
    way: Way, zip_project: Callable[..., bytes]
) -> None:
    outputs = way.cloud.outputs
    names = {
        "table": outputs["RunsTable"],
        "topic": outputs["TopicArn"],
        "queue": outputs["JobQueue"],
    }
    way.client("s3").put_object(Bucket=way.bucket, Key=NAMES, Body=json.dumps(names).encode())

    run = way.put(zip_project(), "uploads/thief/project.zip")
    assert way.ended(run).status == "SUCCEEDED"

    said = (re.fullmatch(r"([a-z-]+): (\w+)", line) for line in way.log_of_trainer())
    told = {found[1]: found[2] for found in said if found}
    assert told.pop("write-own") == "done"
    assert set(told) == {
        "write-upload",
        "delete-upload",
        "delete-results",
        "delete-request",
        "read-record",
        "write-record",
        "publish",
        "submit",
        "read-users",
    }
    denials = {"AccessDenied", "AccessDeniedException", "AuthorizationError"}
    assert {name: code for name, code in told.items() if code not in denials} == {}
