"""The list of runs, a run, and several side by side."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask, Response, render_template, request

from dlc_batch.console.charts import Chart, Curve, draw
from dlc_batch.console.comparison import read_request, request_rows, score_rows, space_rows
from dlc_batch.console.learning import Learning
from dlc_batch.console.pages import Pages, live
from dlc_batch.console.reports import views_of
from dlc_batch.console.state import Console
from dlc_batch.runs import RunStatus
from dlc_batch.watching import Seen
from dlc_batch_core.errors import LabError
from dlc_batch_core.run import Run, Status

#: Rows of the list at first, and so many more each time.
_ROWS = 50
#: Seconds until the list asks for itself anew: each time every record is read, which costs. The
#: latter where nothing is under way (our choice).
_EVERY, _EVERY_IDLE = 15, 60
#: Runs side by side: more than these are not told apart (our choice).
MOST_COMPARED = 6
_MOST_LINES = 12  # of one chart
_ITERATION, _EPOCH = "iteration", "epoch"


class RunPages(Pages):
    """The pages of runs."""

    def add_to(self, app: Flask) -> None:
        app.get("/")(self.runs)
        app.get("/runs/<run_id>")(self.run)
        app.get("/compare")(self.compare)

    def runs(self) -> Response:
        """The list of runs."""
        found = self.console.looks.all(self.cloud)
        lab, state = request.args.get("lab", ""), request.args.get("state", "")
        shown = [
            each
            for each in found
            if lab in ("", each.run.lab) and state in ("", str(each.run.status))
        ]
        most = max(_ROWS, request.args.get("most", _ROWS, int))
        under_way = self.console.errands.under_way()
        is_idle = not under_way and all(each.run.status.is_final for each in found)
        every = _EVERY_IDLE if is_idle else _EVERY
        page = render_template(
            "runs.html",
            every=every,
            runs=shown[:most],
            count=len(shown),
            has_any=bool(found),
            labs=sorted({each.run.lab for each in found}),
            states=list(Status),
            lab=lab,
            state=state,
            more=most + _ROWS if len(shown) > most else None,
            cloud=self.cloud,
            under_way=under_way,
        )
        return live(page, is_over=False, every=every)

    def run(self, run_id: str) -> Response:
        """A run, as it is now."""
        cloud = self.cloud
        seen = self.console.looks.at(cloud, run_id)
        charts = {each.run.shuffle: _chart(self.console, seen, each) for each in seen.records}
        page = render_template(
            "run.html",
            seen=seen,
            status=seen.status,
            run=seen.status.run,
            charts=charts,
            scores=score_rows([seen.status.run]),
            space=space_rows([seen.status.run]),
            views=views_of(seen.status.run),
            has_report=_has_report(seen.status.run),
            can_fetch=_can_fetch(seen.status.run),
        )
        return live(page, seen.status.run.status.is_final)

    def compare(self) -> Response:
        """Runs side by side."""
        cloud = self.cloud
        asked = list(dict.fromkeys(request.args.getlist("run")))
        if not 2 <= len(asked) <= MOST_COMPARED:
            what = f"Choose 2 to {MOST_COMPARED} runs to see them side by side."
            raise LabError(what, "Tick them in the list.")
        seen = [self.console.looks.at(cloud, each) for each in asked]
        compared = [each.status.run for each in seen]
        requests = [read_request(cloud, each) for each in compared]
        page = render_template(
            "compare.html",
            runs=compared,
            scores=score_rows(compared) + space_rows(compared),
            requests=request_rows(requests),
            has_requests=any(requests),
            charts=_charts_of(self.console, seen),
            left_out=max(0, sum(len(each.records) for each in seen) - _MOST_LINES),
        )
        return live(page, all(each.status.is_final for each in compared))


def _has_report(run: Run) -> bool:
    trained = (each for each in (run, *run.parts) if each.status is Status.SUCCEEDED)
    return any(trained)


def _can_fetch(run: Run) -> bool:
    return run.status is Status.SUCCEEDED or (run.status.is_final and bool(run.files))


def _learning(console: Console, seen: Seen, each: RunStatus) -> Learning:
    found = console.learnings.of(console.cloud, seen.status.run, each.run)
    return found.with_losses(seen.curves.get(each.run.shuffle, {}))


def _chart(console: Console, seen: Seen, each: RunStatus) -> Chart | None:
    if each.run.status in (Status.SUBMITTING, Status.QUEUED, Status.REJECTED):
        return None
    return draw("Loss", [Curve("loss", _learning(console, seen, each).losses)], _place(each.run))


def _charts_of(console: Console, seen: Sequence[Seen]) -> list[Chart]:
    losses, errors = [], []
    records = [(one, each) for one in seen for each in one.records]
    for one, each in records:
        name = one.status.run.run_id
        if one.status.parts:
            name = f"{name}, shuffle {each.run.shuffle}"
        learned = _learning(console, one, each)
        losses.append(Curve(name, learned.losses))
        errors.append(Curve(name, learned.errors))
    engines = {_place(one.status.run) for one in seen}
    place = engines.pop() if len(engines) == 1 else "epoch or iteration"
    drawn = [
        draw("Loss", losses[:_MOST_LINES], place),
        draw("Error on validation frames, in pixels", errors[:_MOST_LINES], place),
    ]
    return [chart for chart in drawn if chart]


def _place(run: Run) -> str:
    return _ITERATION if run.network.startswith("tensorflow") else _EPOCH
