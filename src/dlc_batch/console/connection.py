"""The stack that the pages show: found when it is first asked for, and anew after a refusal."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import boto3

from dlc_batch.cloud import Cloud
from dlc_batch_core.errors import CloudError, OutageError

#: So long a page waits while another one looks for the stack, in seconds (our choice).
_LONGEST_WAIT = 20.0


class Connection:
    """Shared by the threads that answer."""

    def __init__(self, find: Callable[[], Cloud]) -> None:
        self._find = find
        self._found: Cloud | None = None
        self._lock = threading.Lock()

    def cloud(self) -> Cloud:
        """Return the stack; its clients give up soon, for the page asks again.

        Raises:
            CloudError: it can't be found now.
        """
        found = self._found
        if found is not None:
            return found
        if not self._lock.acquire(timeout=_LONGEST_WAIT):
            raise OutageError("The stack has not answered yet.", "Check the network.")
        try:
            if self._found is None:
                cloud = self._find().in_a_hurry()
                session = cast("boto3.Session", _SharedSession(cloud.session, cloud.config))
                self._found = replace(cloud, session=session)
            return self._found
        finally:
            self._lock.release()

    def refused(self, error: CloudError) -> None:
        """Look for the stack anew next time: with the credentials that are then there.

        A network that is gone comes back to the same stack; a local cloud may come back elsewhere.
        """
        found = self._found
        if found and (found.endpoint_url or not isinstance(error, OutageError)):
            self._found = None


class _SharedSession:
    """A session that threads may share: one thread at a time makes a client, and each once."""

    def __init__(self, session: boto3.Session, config: Any) -> None:
        self._session, self._config = session, config
        self._made: dict[tuple[str, object], Any] = {}
        self._lock = threading.Lock()

    @property
    def region_name(self) -> str | None:
        return self._session.region_name

    def client(self, service: str, *, endpoint_url: str | None, config: Any = None) -> Any:
        make: Any = self._session.client
        with self._lock:
            if config is not self._config:  # for one upload, or one fetch
                return make(service, endpoint_url=endpoint_url, config=config)
            if (service, endpoint_url) not in self._made:
                made = make(service, endpoint_url=endpoint_url, config=config)
                self._made[service, endpoint_url] = made
            return self._made[service, endpoint_url]
