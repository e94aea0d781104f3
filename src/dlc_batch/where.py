"""Which cloud a client means. Imports no boto3: the command line and profiles name it too."""

from __future__ import annotations

import enum

from dlc_batch_core.errors import LabError


class Where(enum.StrEnum):
    """Which cloud a client means."""

    AUTO = "auto"  # a running local cloud, else AWS
    LOCAL = "local"
    AWS = "aws"

    @classmethod
    def named(cls, name: object) -> Where:
        """Return the one of this name.

        Raises:
            LabError: there is none.
        """
        found = next((each for each in cls if each == name), None)
        if found is None:
            raise LabError(f"`{name}` names no cloud.", f"It is one of: {', '.join(cls)}.")
        return found
