"""Reports and logs of runs."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, Response, render_template, request

from dlc_batch.console.access import REPORT_POLICY, VIEW_POLICY
from dlc_batch.console.pages import Pages
from dlc_batch.console.reports import NoReport, read_report, read_view, view_of, views_of
from dlc_batch.runs import records_of


class ReadingPages(Pages):
    """The pages of what runs leave to be read."""

    def add_to(self, app: Flask) -> None:
        app.get("/runs/<run_id>/reports/<int:shuffle>")(self.report)
        app.get("/runs/<run_id>/reports/<int:shuffle>/content")(self.report_content)
        app.get("/runs/<run_id>/poses/<int:number>")(self.poses)
        app.get("/runs/<run_id>/poses/<int:number>/content")(self.poses_content)
        app.get("/runs/<run_id>/logs")(self.logs)
        app.get("/runs/<run_id>/logs/more")(self.more_of_logs)

    def report(self, run_id: str, shuffle: int) -> str:
        """The page around a report."""
        found = self.find_run(run_id)
        shuffles = [each.shuffle for each in records_of(found, None)]
        records_of(found, shuffle)
        views = views_of(found)
        return render_template(
            "report.html", run=found, shuffle=shuffle, shuffles=shuffles, views=views
        )

    def report_content(self, run_id: str, shuffle: int) -> Response:
        """A report, which may do nothing."""
        run = self.find_run(run_id)
        return _framed(lambda: read_report(self.cloud, run, shuffle), REPORT_POLICY)

    def poses(self, run_id: str, number: int) -> str:
        """The page around poses in space."""
        found = self.find_run(run_id)
        view = view_of(found, number)
        return render_template("poses.html", run=found, view=view, views=views_of(found))

    def poses_content(self, run_id: str, number: int) -> Response:
        """Poses in space, which may be turned and no more."""
        run = self.find_run(run_id)
        return _framed(lambda: read_view(self.cloud, run, number), VIEW_POLICY)

    def logs(self, run_id: str) -> str:
        """The last lines of a log."""
        found = self.find_run(run_id)
        shuffle = request.args.get("shuffle", None, int)
        records_of(found, shuffle)
        shown = self.console.logs.read(self.cloud, run_id, shuffle)
        shuffles = [part.shuffle for part in found.parts]
        return render_template(
            "logs.html", run=found, shown=shown, shuffle=shuffle, shuffles=shuffles
        )

    def more_of_logs(self, run_id: str) -> dict[str, object]:
        """The lines that came since; for the page itself."""
        shuffle, after = request.args.get("shuffle", None, int), request.args.get("after", 0, int)
        shown = self.console.logs.read(self.cloud, run_id, shuffle, after)
        is_final = self.console.looks.at(self.cloud, run_id).status.run.status.is_final
        return {
            "lines": shown.lines,
            "end": shown.end,
            "words": " ".join(shown.words),
            "is_over": is_final,
        }


def _framed(read: Callable[[], bytes], policy: str) -> Response:
    """A page of a run's, for a frame in one of ours: it comes from a bucket."""
    try:
        content = read()
    except NoReport as error:
        content = render_template("no_report.html", error=error).encode()
    answer = Response(content, content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = policy
    return answer
