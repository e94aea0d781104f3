"""What submit, the job definition, the trainer and complete agree on about a Batch job."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

#: How a cancelled job's reason begins: what tells CANCELLED from FAILED.
CANCEL_REASON = "Cancelled by the lab"


class ExitCode(enum.IntEnum):
    """How the training program ends. The job definition's retry rules name the same numbers."""

    DONE = 0
    BUG = 1  # or a failure that would repeat: the job ends
    USER = 2  # the project or the request is at fault: the job ends
    INTERRUPTED = 75  # sysexits' EX_TEMPFAIL: tried again


@dataclass(frozen=True)
class TrainingJob:
    """One shuffle of one run, as a Batch job names it."""

    bucket: str
    lab: str
    run_id: str
    shuffle: int

    @property
    def name(self) -> str:
        """The same for the same training, so that a second submission can find the first.

        A run id begins with a letter or digit, as AWS Batch wants it; a lab may begin with -.
        """
        return f"{self.run_id}_{self.lab}_shuffle{self.shuffle}"

    def to_parameters(self) -> dict[str, str]:
        """Return the `Ref::` parameters of the job."""
        return {
            "bucket": self.bucket,
            "lab": self.lab,
            "run_id": self.run_id,
            "shuffle": str(self.shuffle),
        }

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, str]) -> TrainingJob:
        """Read what `to_parameters` wrote.

        Raises:
            KeyError, ValueError: these are not the parameters of a training.
        """
        return cls(
            parameters["bucket"],
            parameters["lab"],
            parameters["run_id"],
            int(parameters["shuffle"]),
        )
