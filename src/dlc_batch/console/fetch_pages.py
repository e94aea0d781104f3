"""Results into a folder of this computer, as `dlc-batch fetch` brings them."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from dlc_batch.console.errands import Errand
from dlc_batch.console.pages import Pages, live
from dlc_batch.fetching import Changes, Fetched, Result, fetch, list_results
from dlc_batch_core.errors import LabError
from dlc_batch_core.run import Run


class FetchPages(Pages):
    """The pages that fetch results."""

    def add_to(self, app: Flask) -> None:
        app.get("/runs/<run_id>/fetch")(self.ask_where_to)
        app.post("/runs/<run_id>/fetch")(self.begin_fetch)
        app.get("/runs/<run_id>/fetch/<errand_id>")(self.fetching)

    def ask_where_to(self, run_id: str) -> str:
        """Ask for the folder."""
        run = self.find_run(run_id)
        return _form(run, list_results(self.cloud, run))

    def begin_fetch(self, run_id: str) -> AnyResponse | tuple[str, int]:
        """Begin to fetch."""
        cloud = self.cloud
        run = self.find_run(run_id)
        results = list_results(cloud, run)
        named = request.form.get("folder", "")
        try:
            folder = folder_of(named)
        except LabError as error:
            return _form(run, results, named, error), 400
        is_forced = request.form.get("overwrite") == "yes"
        is_other = request.form.get("other_project") == "yes"

        def work(errand: Errand) -> Fetched:
            return fetch(
                cloud,
                run,
                results,
                folder,
                is_forced,
                errand.got,
                told=errand.say,
                ask=_refuse,
                other_project=is_other,
            )

        title = f"Fetching {run_id} into {folder}"
        errand = self.console.errands.start(title, sum(each.size for each in results), work)
        errand.page = url_for(
            "fetching",
            run_id=run_id,
            errand_id=errand.id,
            folder=str(folder),
            other_project="yes" if is_other else None,  # then it is left out
        )
        return redirect(errand.page, 303)

    def fetching(self, run_id: str, errand_id: str) -> Response:
        """How far a fetch is."""
        errand = self.console.errands.find(errand_id)
        folder = request.args.get("folder", "")
        is_over = errand.is_over  # before the page says what it finds
        is_other = request.args.get("other_project") == "yes"
        page = render_template(
            "fetching.html", errand=errand, run_id=run_id, folder=folder, is_other=is_other
        )
        return live(page, is_over)


def _form(
    run: Run, results: tuple[Result, ...], named: str = "", error: LabError | None = None
) -> str:
    return render_template(
        "fetch.html",
        run=run,
        count=len(results),
        total=sum(each.size for each in results),
        example=str(Path.home() / "projects" / "my-project"),
        named=named,
        error=error,
    )


class TheyDiffer(LabError):
    """Files are there that the user must give leave to replace."""

    def __init__(self, changes: Changes) -> None:
        super().__init__(
            f"These files of {changes.folder} are there already and differ. Nothing was changed."
        )
        self.files = [(path, path in changes.newer) for path in changes.differing]


def _refuse(changes: Changes) -> bool:
    raise TheyDiffer(changes)


def folder_of(text: str) -> Path:
    """Return the folder that a user names.

    Raises:
        LabError: it can't be one.
    """
    text = text.strip().strip('"')  # as Windows' "Copy as path" has it
    remedy = "Give the whole path of the project's folder, or of a new one beside it."
    if not text or "\0" in text:
        raise LabError("No folder was named.", remedy)
    folder = Path(os.path.expanduser(text))  # noqa: PTH111  # Path's own raises for ~nobody
    if not folder.is_absolute():
        raise LabError(f"{text} is not a whole path.", remedy)
    if folder.exists() and not folder.is_dir():
        raise LabError(f"{folder} is a file.", remedy)
    if not folder.parent.is_dir():
        raise LabError(f"There is no folder {folder.parent}.", remedy)
    return folder
