"""Many uploads at once: no event is lost, and each is mailed once."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

UPLOADS = 60


def test_a_burst_of_broken_uploads_loses_none(way: Any) -> None:
    def put(number: int) -> str:
        return str(way.put(b"broken", f"uploads/burst/{number}.zip"))

    with ThreadPoolExecutor(16) as pool:
        runs = list(pool.map(put, range(UPLOADS)))
    started = time.monotonic()
    ended = [way.ended(run, seconds=120) for run in runs]

    assert {run.status for run in ended} == {"REJECTED"}
    mails = Counter(run for run in runs for _ in way.mails(run))
    assert mails == dict.fromkeys(runs, 1)
    print(f"{UPLOADS} uploads were mailed within {time.monotonic() - started:.1f} s")
