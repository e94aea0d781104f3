"""Cancelling a run, and stopping it with its best network kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Flask, abort, render_template, request

from dlc_batch import ending, wording
from dlc_batch.cloud import Cloud
from dlc_batch.console.pages import Pages
from dlc_batch.runs import records_of
from dlc_batch_core.run import Run


@dataclass(frozen=True)
class _Way:
    """A way of ending a run."""

    title: str
    question: str
    button: str
    end: Callable[[Cloud, Run, int | None], ending.Asked]
    done: Mapping[str, str]  # by what was done


_WAYS = {
    "cancel": _Way(
        "Cancel",
        "It ends now, and nothing of what it trained is kept. Results that were there already,"
        " before its videos, are sent all the same.",
        "Cancel it, and keep nothing",
        ending.cancel,
        wording.CANCELLED,
    ),
    "stop": _Way(
        "Stop, and keep the best",
        wording.STOP_QUESTION,
        "Stop it, and keep the best",
        ending.stop,
        wording.STOPPED,
    ),
}


class EndingPages(Pages):
    """The pages that end a run."""

    def add_to(self, app: Flask) -> None:
        app.get("/runs/<run_id>/<any(cancel, stop):way>")(self.ask_to_end)
        app.post("/runs/<run_id>/<any(cancel, stop):way>")(self.end)

    def ask_to_end(self, run_id: str, way: str) -> str:
        """Ask whether a run is to end."""
        run = self.find_run(run_id)
        shuffles = [part.shuffle for part in run.parts if not part.status.is_final]
        return render_template("end.html", run=run, way=_WAYS[way], shuffles=shuffles)

    def end(self, run_id: str, way: str) -> str:
        """End it."""
        run = self.find_run(run_id)
        shuffle = _shuffle(request.form.get("shuffle", ""))
        records_of(run, shuffle)
        chosen = _WAYS[way]
        asked = chosen.end(self.cloud, run, shuffle)
        self.console.looks.forget(run_id, self.cloud)
        told = [(number if run.parts else None, chosen.done[how]) for number, how in _by(asked)]
        return render_template("ended.html", run=run, way=chosen, told=told)


def _by(asked: ending.Asked) -> list[tuple[int, ending.How]]:
    return list(asked.how.items())


def _shuffle(text: str) -> int | None:
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() else abort(400)
