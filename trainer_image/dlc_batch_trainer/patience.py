"""S3 may refuse for a while: what it raises then, and how long to wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

Value = TypeVar("Value")

#: What boto3 raises once its own retries are used up.
STORE_ERRORS = (Boto3Error, BotoCoreError, ClientError)
#: S3 may refuse for a while; longer, and the attempt ends, for Batch to make another (our choice,
#: in seconds).
_PATIENCE, _FIRST_WAIT, _MOST_WAIT = 180.0, 1.0, 15.0
_FIRST_SERVER_ERROR = 500  # HTTP: below it the fault is ours, and stays; but for these two
_PASSING = frozenset({408, 429})


def patiently(act: Callable[[], Value], patience: float = _PATIENCE) -> Value:
    """Read or write, again and again while S3 refuses, for so many seconds.

    Raises:
        STORE_ERRORS: it refused to the last, or for a reason that stays.
    """
    end, wait = time.monotonic() + patience, _FIRST_WAIT
    while True:
        try:
            return act()
        except STORE_ERRORS as error:
            if not passes(error) or time.monotonic() + wait > end:
                raise
            print(f"S3 refused, trying again: {error}", flush=True)
        time.sleep(wait)
        wait = min(2 * wait, _MOST_WAIT)


def passes(error: Exception) -> bool:
    """Whether what S3 raised may be over later; a missing object or permission stays."""
    if not isinstance(error, ClientError):
        return True
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return status >= _FIRST_SERVER_ERROR or status in _PASSING
