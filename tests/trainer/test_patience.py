"""S3 may refuse for a while; what stays is not waited for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from dlc_batch_trainer import patience
from dlc_batch_trainer.patience import passes, patiently


def refusal(status: int, code: str) -> ClientError:
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "GetObject")  # type: ignore[arg-type]  # as much as is read


OUTAGES = [
    refusal(503, "SlowDown"),
    refusal(500, "InternalError"),
    refusal(429, "Throttled"),
    EndpointConnectionError(endpoint_url="http://s3"),
]


def failing(error: Exception, times: int) -> Callable[[], str]:
    left = [error] * times

    def act() -> str:
        if left:
            raise left.pop()
        return "done"

    return act


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_FIRST_WAIT", 0.01)


@pytest.mark.parametrize("error", OUTAGES)
def test_an_outage_is_waited_out(error: Exception) -> None:
    assert passes(error)
    assert patiently(failing(error, 3)) == "done"


@pytest.mark.parametrize("error", OUTAGES)
def test_but_not_for_ever(error: Exception) -> None:
    with pytest.raises(type(error)):
        patiently(failing(error, 3), 0.02)


@pytest.mark.parametrize("error", [refusal(404, "NoSuchKey"), refusal(403, "AccessDenied")])
def test_what_stays_is_told_at_once(error: ClientError) -> None:
    assert not passes(error)
    with pytest.raises(ClientError):
        patiently(failing(error, 1))
