"""attempts.json: what each attempt at a training did, kept up as this one goes on.

Batch forgets; the next attempt, the report and the bill are told by this file. It is worth no
training: where it can't be written, the log says so, and the training goes on.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from dlc_batch_core.manifest import Manifest
from dlc_batch_trainer.checkpoint_store import CheckpointStore
from dlc_batch_trainer.patience import STORE_ERRORS, patiently


@dataclass(frozen=True)
class Attempt:
    """Which attempt of which Batch job this is."""

    job_id: str
    number: int

    @classmethod
    def from_environment(cls) -> Attempt:
        return cls(
            os.environ.get("AWS_BATCH_JOB_ID", "local"),
            int(os.environ.get("AWS_BATCH_JOB_ATTEMPT", "1")),
        )

    def is_of(self, entry: Mapping[str, Any]) -> bool:
        """Whether an entry of attempts.json is of this attempt."""
        return (entry.get("job_id"), entry.get("attempt")) == (self.job_id, self.number)


@dataclass
class AttemptLog:
    """The attempts at one shuffle, oldest first; the last is this one, once it has begun."""

    store: CheckpointStore
    attempt: Attempt
    place: Mapping[str, Any] = field(default_factory=dict)  # instance_type, life_cycle
    entries: list[dict[str, Any]] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)

    def read(self) -> None:
        """Read what the attempts before left.

        Raises:
            STORE_ERRORS: S3 refuses for too long.
        """
        self.entries = patiently(self.store.read_attempts)

    @property
    def before(self) -> list[dict[str, Any]]:
        """The attempts before this one."""
        return [each for each in self.entries if not self.attempt.is_of(each)]

    @property
    def seconds(self) -> float:
        """What all attempts have taken until now; of those before, as far as it is known."""
        before = sum(each.get("seconds") or 0 for each in self.before)
        return before + time.monotonic() - self._began

    def begin(self, found: Manifest | None, halvings: int) -> None:
        """Write that this attempt begins; once more, where it begins anew.

        Args:
            found: the checkpoint that it goes on from.
            halvings: how often the batch size is halved.
        """
        entry = {
            "attempt": self.attempt.number,
            "job_id": self.attempt.job_id,
            "began_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "resumed_from": found.number if found else None,
            "position": found.position["position"] if found else None,
            "halvings": halvings,
            "ended": None,
            "seconds": None,
            "trained": False,  # whether it has left results
            **self.place,
        }
        self.entries = [*self.before, entry]
        self._write()

    def record(self, **facts: Any) -> None:
        """Write facts about this attempt, once it has begun."""
        if self.entries and self.attempt.is_of(self.entries[-1]):
            self.entries[-1] |= facts
            self._write()

    def record_seconds(self) -> None:
        """Write how long it has taken so far: where it vanishes, that is known."""
        self.record(seconds=self._seconds_gone())

    def end(self, word: str) -> None:
        """Write how it ended, and what it took."""
        self.record(ended=word, seconds=self._seconds_gone())

    def _seconds_gone(self) -> int:
        return round(time.monotonic() - self._began)

    def _write(self) -> None:
        try:
            self.store.write_attempts(self.entries)
        except STORE_ERRORS as error:
            print(f"attempts.json not written: {error}", flush=True)
