"""A stack of its own, with runs in it, and a console that shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.client.console.running import Visitor, environment_of, running
from tests.client.stacks import recorder

from dlc_batch.cloud import Cloud
from dlc_batch_core.run import Run


@pytest.fixture(scope="module")
def cloud(aws: Any) -> Cloud:
    """A bucket and a table, of all tests of a module."""
    bucket, table = aws.make_bucket(), aws.make_runs_table()
    return Cloud(aws.session, aws.endpoint_url, bucket, table, "no-queue")


@pytest.fixture(scope="module")
def record(cloud: Cloud) -> Callable[..., Run]:
    """Writes the record of a run."""
    return recorder(cloud)


@pytest.fixture(scope="module")
def address(aws: Any, cloud: Cloud) -> Iterator[str]:
    """A console that shows them."""
    with running(environment_of(aws, cloud)) as found:
        yield found


@pytest.fixture
def stranger(address: str) -> Visitor:
    """Somebody who can reach the console, and does not know its address."""
    return Visitor(address)


@pytest.fixture
def visitor(address: str) -> Visitor:
    """The user."""
    return Visitor(address).come_in()
