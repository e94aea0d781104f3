"""Which stack the pages show, and with which clients."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

from dlc_batch.cloud import Cloud
from dlc_batch.console.connection import Connection
from dlc_batch_core.errors import CloudError, OutageError


def make(endpoint_url: str | None = None) -> Cloud:
    session = boto3.Session("key", "secret", region_name="eu-west-1")
    return Cloud(session, endpoint_url, "bucket", "table", "queue")


class Finder:
    """Counts how often the stack was looked for."""

    def __init__(self, endpoint_url: str | None = None) -> None:
        self.count, self._endpoint_url = 0, endpoint_url

    def __call__(self) -> Cloud:
        self.count += 1
        return make(self._endpoint_url)


def test_the_stack_is_looked_for_once_by_however_many_threads() -> None:
    find = Finder()
    connection = Connection(find)
    with ThreadPoolExecutor(16) as pool:
        clouds = list(pool.map(lambda _: connection.cloud(), range(64)))
    assert find.count == 1
    assert all(cloud is clouds[0] for cloud in clouds)


def test_clients_are_made_once_and_give_up_soon() -> None:
    cloud = Connection(Finder()).cloud()
    with ThreadPoolExecutor(16) as pool:
        clients = list(pool.map(lambda _: cloud.s3, range(64)))
    assert len(set(map(id, clients))) == 1
    assert clients[0].meta.config.connect_timeout == 5
    assert cloud.name == "AWS, region eu-west-1"


def test_one_upload_has_its_own_client() -> None:
    cloud = Connection(Finder()).cloud()
    own = cloud.session.client("s3", endpoint_url=None, config=Config(read_timeout=61))
    assert own is not cloud.s3
    assert own.meta.config.read_timeout == 61


def test_after_a_refusal_the_stack_is_found_anew_with_the_login_that_is_then_there() -> None:
    find = Finder()
    connection = Connection(find)
    first = connection.cloud()
    connection.refused(CloudError("The token has expired."))
    assert connection.cloud() is not first
    assert find.count == 2


def test_a_network_that_is_gone_comes_back_to_the_same_stack() -> None:
    find = Finder()
    connection = Connection(find)
    first = connection.cloud()
    connection.refused(OutageError("Nobody answers."))
    assert connection.cloud() is first


def test_a_local_cloud_may_come_back_elsewhere() -> None:
    find = Finder("http://127.0.0.1:4566")
    connection = Connection(find)
    connection.cloud()
    connection.refused(OutageError("Nobody answers."))
    connection.cloud()
    assert find.count == 2
