"""What the pages of one console share."""

from __future__ import annotations

from dataclasses import dataclass, field

from dlc_batch.cloud import Cloud
from dlc_batch.console.access import Access
from dlc_batch.console.connection import Connection
from dlc_batch.console.drops import Drops
from dlc_batch.console.errands import Errands
from dlc_batch.console.learning import Learnings
from dlc_batch.console.log_tails import LogTails
from dlc_batch.console.looks import Looks


@dataclass(frozen=True)
class Console:
    """One console."""

    access: Access
    connection: Connection
    looks: Looks = field(default_factory=Looks)
    logs: LogTails = field(default_factory=LogTails)
    learnings: Learnings = field(default_factory=Learnings)
    errands: Errands = field(default_factory=Errands)
    drops: Drops = field(default_factory=Drops)

    @property
    def cloud(self) -> Cloud:
        """The stack, looked for where it is not found yet."""
        return self.connection.cloud()
