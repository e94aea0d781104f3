"""What submit, the job definition, the trainer and complete agree on about a Batch job."""

from __future__ import annotations

import enum
import re
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


_SUBMISSION = re.compile(r".*_submission([0-9]+)")


@dataclass(frozen=True)
class TrainingJob:
    """One shuffle of one run, as a Batch job names it."""

    bucket: str
    lab: str
    run_id: str
    shuffle: int
    submission: int = 1  # 2: On-Demand, when Spot gave out

    @property
    def name(self) -> str:
        """The same for the same submission, so that whoever repeats it can find the first job.

        A run id begins with a letter or digit, as AWS Batch wants it; a lab may begin with -.
        """
        name = f"{self.run_id}_{self.lab}_shuffle{self.shuffle}"
        return name if self.submission == 1 else f"{name}_submission{self.submission}"

    @property
    def share(self) -> str:
        """Whose share of the computers the job takes: the lab, in letters and digits only, as
        AWS Batch wants it. Labs have no capital letters, so no two have the same."""
        return self.lab.replace("-", "D")

    def to_parameters(self) -> dict[str, str]:
        """Return the `Ref::` parameters of the job."""
        return {
            "bucket": self.bucket,
            "lab": self.lab,
            "run_id": self.run_id,
            "shuffle": str(self.shuffle),
        }

    @classmethod
    def from_job(cls, parameters: Mapping[str, str], name: str) -> TrainingJob:
        """Read what `to_parameters` and `name` wrote.

        Raises:
            KeyError, ValueError: these are not the parameters of a training.
        """
        return cls(
            parameters["bucket"],
            parameters["lab"],
            parameters["run_id"],
            int(parameters["shuffle"]),
            int(found[1]) if (found := _SUBMISSION.fullmatch(name)) else 1,
        )
