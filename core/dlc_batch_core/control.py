"""What the lab asks of a training that runs: `shuffle<k>/control.json`, read now and then."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass

from dlc_batch_core import SCHEMA_VERSION
from dlc_batch_core.errors import StateError


class Action(enum.StrEnum):
    """What to do with the training."""

    STOP_AND_KEEP_BEST = "stop-and-keep-best"  # evaluate and export what there is
    STOP_NOW = "stop-now"  # nothing is kept


@dataclass(frozen=True)
class Control:
    """One wish of the lab."""

    action: Action

    def to_json(self) -> str:
        return json.dumps({"schema_version": SCHEMA_VERSION, "action": self.action})

    @classmethod
    def from_json(cls, text: str | bytes) -> Control:
        """Read control.json; fields it does not know are ignored.

        Raises:
            StateError: the file is not a control.
        """
        try:
            return cls(Action(json.loads(text)["action"]))
        except (ValueError, KeyError, TypeError) as error:
            raise StateError(f"control.json can't be read: {error}.") from error
