"""What the pages of a console have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from flask import Flask, Response, make_response

from dlc_batch.cloud import Cloud
from dlc_batch.console.state import Console
from dlc_batch.runs import find_run
from dlc_batch_core.run import Run


@dataclass(frozen=True)
class Pages(ABC):
    """Some pages of one console."""

    console: Console

    @abstractmethod
    def add_to(self, app: Flask) -> None:
        """Add them to an app."""

    @property
    def cloud(self) -> Cloud:
        """The stack, looked for where it is not found yet."""
        return self.console.cloud

    def find_run(self, run_id: str) -> Run:
        """Return the run that a page is of.

        Raises:
            NoSuchRun: there is none.
        """
        return find_run(self.cloud, run_id)


def live(page: str, is_over: bool, every: int | None = None) -> Response:
    """Return a page that asks for itself anew until nothing changes any more.

    Args:
        every: seconds until it asks; None: as it did before.
    """
    answer = make_response(page)
    answer.headers["X-Live-Again"] = "0" if is_over else "1"
    if every is not None:
        answer.headers["X-Live-Every"] = str(every)
    return answer
