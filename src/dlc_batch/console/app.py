"""The pages put together, and what they say when something is wrong."""

from __future__ import annotations

import sys
import traceback

from flask import Flask, Response, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from dlc_batch.console import words
from dlc_batch.console.drops import PIECE_BYTES, NoSuchDrop
from dlc_batch.console.ending_pages import EndingPages
from dlc_batch.console.errands import NoSuchErrand
from dlc_batch.console.fetch_pages import FetchPages
from dlc_batch.console.reading_pages import ReadingPages
from dlc_batch.console.run_pages import RunPages
from dlc_batch.console.send_pages import SendPages
from dlc_batch.console.state import Console
from dlc_batch.runs import NoSuchRun
from dlc_batch_core.errors import CloudError, DlcBatchError, LabError

#: Asked by the page itself, for the part of it that changes.
LIVE = "X-Live"
_UNKNOWN = (NoSuchRun, NoSuchErrand, NoSuchDrop)


def make_app(console: Console) -> Flask:
    """Return the console as an application of the web server."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = PIECE_BYTES + 1024
    app.url_map.merge_slashes = False
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(words.FILTERS)
    console.access.guard(app)
    for pages in (RunPages, ReadingPages, EndingPages, FetchPages, SendPages):
        pages(console).add_to(app)

    @app.context_processor
    def _of_every_page() -> dict[str, object]:
        layout = "part.html" if LIVE in request.headers else "page.html"
        return {"layout": layout}

    @app.errorhandler(DlcBatchError)
    def _tell(error: DlcBatchError) -> Response:
        if isinstance(error, CloudError):
            console.connection.refused(error)
        return _page_of(error, _code(error))

    @app.errorhandler(HTTPException)
    def _refuse(error: HTTPException) -> Response:
        told = LabError(_WORDS.get(error.code or 0, f"{error.name}."), "")
        return _page_of(told, error.code or 500)

    @app.errorhandler(Exception)
    def _admit(error: Exception) -> Response:
        at = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{at.filename}, line {at.lineno}"
        print(f"A bug: {type(error).__name__}: {error} ({where})", file=sys.stderr)
        return _page_of(DlcBatchError(*_BUG), 500)

    return app


_WORDS = {
    404: "There is no such page.",
    405: "That can't be done with this page.",
    413: "That is too large to be taken at once.",
}
_BUG = (
    "The console failed: this is a fault of dlc-batch.",
    "What went wrong stands in the terminal; please report it.",
)


def _code(error: DlcBatchError) -> int:
    if isinstance(error, _UNKNOWN):
        return 404
    if isinstance(error, LabError):
        return 400
    return 503 if isinstance(error, CloudError) else 500


def _page_of(error: DlcBatchError, code: int) -> Response:
    template = "banner.html" if LIVE in request.headers else "error.html"
    is_passing = isinstance(error, CloudError)
    return make_response(render_template(template, error=error, is_passing=is_passing), code)
