"""A stack of its own, with runs in it, and a console that shows it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.client.console.running import Visitor, make_stack, running

from dlc_batch.cloud import Cloud
from dlc_batch_core.run import Run, Status, to_item


@pytest.fixture(scope="module")
def cloud(aws: Any) -> Cloud:
    """A bucket and a table, of all tests of a module."""
    bucket, table = aws.make_bucket(), aws.make_runs_table()
    return Cloud(aws.session, aws.endpoint_url, bucket, table, "no-queue")


@pytest.fixture(scope="module")
def record(cloud: Cloud) -> Callable[..., Run]:
    """Writes the record of a run."""

    def write(**values: Any) -> Run:
        defaults = {
            "lab": "miller",
            "run_id": f"mouse-{uuid.uuid4().hex[:12]}",
            "status": Status.QUEUED,
            "bucket": cloud.bucket,
            "key": "uploads/miller/mouse.zip",
            "submitted_at": "2026-01-02T03:04:05.678+00:00",
        }
        run = Run(**{**defaults, **values})
        cloud.dynamodb.put_item(TableName=cloud.table_name, Item=to_item(run))
        return run

    return write


@pytest.fixture(scope="module")
def address(aws: Any, cloud: Cloud) -> Iterator[str]:
    """A console that shows them."""
    with running(make_stack(aws, cloud)) as found:
        yield found


@pytest.fixture
def stranger(address: str) -> Visitor:
    """Somebody who can reach the console, and does not know its address."""
    return Visitor(address)


@pytest.fixture
def visitor(address: str) -> Visitor:
    """The user."""
    return Visitor(address).come_in()
