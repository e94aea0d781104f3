"""Reports and logs of runs."""

from __future__ import annotations

from flask import Flask, Response, render_template, request

from dlc_batch.console.access import REPORT_POLICY
from dlc_batch.console.pages import Pages
from dlc_batch.console.reports import NoReport, read_report
from dlc_batch.runs import records_of


class ReadingPages(Pages):
    """The pages of what runs leave to be read."""

    def add_to(self, app: Flask) -> None:
        app.get("/runs/<run_id>/reports/<int:shuffle>")(self.report)
        app.get("/runs/<run_id>/reports/<int:shuffle>/content")(self.report_content)
        app.get("/runs/<run_id>/logs")(self.logs)
        app.get("/runs/<run_id>/logs/more")(self.more_of_logs)

    def report(self, run_id: str, shuffle: int) -> str:
        """The page around a report."""
        found = self.find_run(run_id)
        shuffles = [each.shuffle for each in records_of(found, None)]
        records_of(found, shuffle)
        return render_template("report.html", run=found, shuffle=shuffle, shuffles=shuffles)

    def report_content(self, run_id: str, shuffle: int) -> Response:
        """A report, which may do nothing."""
        try:
            content = read_report(self.cloud, self.find_run(run_id), shuffle)
        except NoReport as error:
            content = render_template("no_report.html", error=error).encode()
        answer = Response(content, content_type="text/html; charset=utf-8")
        answer.headers["Content-Security-Policy"] = REPORT_POLICY
        return answer

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
