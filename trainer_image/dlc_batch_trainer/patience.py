"""S3 may refuse for a while: what it raises then, and how long to wait."""

from __future__ import annotations

import time
from collections.abc import Callable

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

#: What boto3 raises once its own retries are used up.
STORE_ERRORS = (Boto3Error, BotoCoreError, ClientError)
#: S3 may refuse for a while; a trained network is worth waiting for (our choice, in seconds).
_PATIENCE, _FIRST_WAIT, _MOST_WAIT = 600.0, 1.0, 15.0


def patiently(write: Callable[[], None], patience: float = _PATIENCE) -> None:
    """Write, again and again while S3 refuses, for so many seconds.

    Raises:
        STORE_ERRORS: it refused to the last.
    """
    end, wait = time.monotonic() + patience, _FIRST_WAIT
    while True:
        try:
            return write()
        except STORE_ERRORS as error:
            if time.monotonic() + wait > end:
                raise
            print(f"S3 refused, trying again: {error}", flush=True)
        time.sleep(wait)
        wait = min(2 * wait, _MOST_WAIT)
