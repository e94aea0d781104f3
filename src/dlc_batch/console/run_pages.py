"""The list of runs, a run, several side by side, its reports and its logs."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask, Response, make_response, render_template, request

from dlc_batch.console.access import REPORT_POLICY
from dlc_batch.console.charts import Chart, Curve, draw
from dlc_batch.console.comparison import read_request, request_rows, score_rows
from dlc_batch.console.learning import Learning
from dlc_batch.console.reports import NoReport, read_report
from dlc_batch.console.state import Console
from dlc_batch.runs import RunStatus, find_run, records_of
from dlc_batch.watching import Seen
from dlc_batch_core.errors import LabError
from dlc_batch_core.run import Run, Status

#: Rows of the list at first, and so many more each time.
_ROWS = 50
#: Runs side by side: more than these are not told apart (our choice).
MOST_COMPARED = 6
_MOST_LINES = 12  # of one chart
_ITERATION, _EPOCH = "iteration", "epoch"


def add_to(app: Flask, console: Console) -> None:
    """Add the pages to an app."""

    @app.get("/")
    def runs() -> str:
        found = console.looks.all(console.cloud)
        lab, state = request.args.get("lab", ""), request.args.get("state", "")
        shown = [
            each
            for each in found
            if lab in ("", each.run.lab) and state in ("", str(each.run.status))
        ]
        most = max(_ROWS, request.args.get("most", _ROWS, int))
        return render_template(
            "runs.html",
            runs=shown[:most],
            count=len(shown),
            has_any=bool(found),
            labs=sorted({each.run.lab for each in found}),
            states=list(Status),
            lab=lab,
            state=state,
            more=most + _ROWS if len(shown) > most else None,
            cloud=console.cloud,
        )

    @app.get("/runs/<run_id>")
    def run(run_id: str) -> Response:
        cloud = console.cloud
        seen = console.looks.at(cloud, run_id)
        charts = {each.run.shuffle: _chart(console, seen, each) for each in seen.records}
        page = render_template(
            "run.html",
            seen=seen,
            status=seen.status,
            run=seen.status.run,
            charts=charts,
            scores=score_rows([seen.status.run]),
            has_report=_has_report(seen.status.run),
            can_fetch=_can_fetch(seen.status.run),
        )
        return _until(seen.status.run.status.is_final, page)

    @app.get("/compare")
    def compare() -> Response:
        cloud = console.cloud
        asked = list(dict.fromkeys(request.args.getlist("run")))
        if not 2 <= len(asked) <= MOST_COMPARED:
            what = f"Choose 2 to {MOST_COMPARED} runs to see them side by side."
            raise LabError(what, "Tick them in the list.")
        seen = [console.looks.at(cloud, each) for each in asked]
        compared = [each.status.run for each in seen]
        requests = [read_request(cloud, each) for each in compared]
        page = render_template(
            "compare.html",
            runs=compared,
            scores=score_rows(compared),
            requests=request_rows(requests),
            has_requests=any(requests),
            charts=_charts_of(console, seen),
            left_out=max(0, sum(len(each.records) for each in seen) - _MOST_LINES),
        )
        return _until(all(each.status.is_final for each in compared), page)

    @app.get("/runs/<run_id>/reports/<int:shuffle>")
    def report(run_id: str, shuffle: int) -> str:
        found = find_run(console.cloud, run_id)
        shuffles = [each.shuffle for each in records_of(found, None)]
        records_of(found, shuffle)
        return render_template("report.html", run=found, shuffle=shuffle, shuffles=shuffles)

    @app.get("/runs/<run_id>/reports/<int:shuffle>/content")
    def report_content(run_id: str, shuffle: int) -> Response:
        try:
            content = read_report(console.cloud, find_run(console.cloud, run_id), shuffle)
        except NoReport as error:
            content = render_template("no_report.html", error=error).encode()
        answer = Response(content, content_type="text/html; charset=utf-8")
        answer.headers["Content-Security-Policy"] = REPORT_POLICY
        return answer

    @app.get("/runs/<run_id>/logs")
    def logs(run_id: str) -> str:
        found = find_run(console.cloud, run_id)
        shuffle = request.args.get("shuffle", None, int)
        records_of(found, shuffle)
        shown = console.logs.read(console.cloud, run_id, shuffle)
        shuffles = [part.shuffle for part in found.parts]
        return render_template(
            "logs.html", run=found, shown=shown, shuffle=shuffle, shuffles=shuffles
        )

    @app.get("/runs/<run_id>/logs/more")
    def more_of_logs(run_id: str) -> dict[str, object]:
        shuffle, after = request.args.get("shuffle", None, int), request.args.get("after", 0, int)
        shown = console.logs.read(console.cloud, run_id, shuffle, after)
        is_final = console.looks.at(console.cloud, run_id).status.run.status.is_final
        return {
            "lines": shown.lines,
            "end": shown.end,
            "words": " ".join(shown.words),
            "is_over": is_final,
        }


def _until(is_over: bool, page: str) -> Response:
    """Return a page that asks for itself anew until nothing changes any more."""
    answer = make_response(page)
    answer.headers["X-Live-Again"] = "0" if is_over else "1"
    return answer


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
