"""A zip that is dropped: checked here as the cloud will, then sent."""

from __future__ import annotations

import io

from flask import Flask, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from dlc_batch.checking import check_path
from dlc_batch.cloud import Cloud
from dlc_batch.console.drops import PIECE_BYTES, Checked, Drop, plain_name
from dlc_batch.console.errands import Errand
from dlc_batch.console.pages import Pages, live
from dlc_batch.inherited import notes_of_settings
from dlc_batch.previewing import forecast
from dlc_batch.profiles import settings
from dlc_batch.submitting import Submitted, send, upload_key
from dlc_batch.twins import check_for_twin
from dlc_batch_core.check import Check
from dlc_batch_core.errors import DlcBatchError, LabError
from dlc_batch_core.keys import DEFAULT_LAB
from dlc_batch_core.money import words_of


class SendPages(Pages):
    """The pages that send a project."""

    def add_to(self, app: Flask) -> None:
        app.get("/send")(self.drop_page)
        app.post("/drops")(self.begin_drop)
        app.post("/drops/<drop_id>/pieces")(self.take_piece)
        app.get("/drops/<drop_id>")(self.dropped)
        app.post("/drops/<drop_id>/send")(self.begin_sending)

    def drop_page(self) -> str:
        """The page that zips are dropped on."""
        cloud = self.cloud
        labs = sorted({each.run.lab for each in self.console.looks.all(cloud)} | {_own_lab(cloud)})
        return render_template(
            "send.html", labs=labs, lab=_own_lab(cloud), cloud=cloud, piece=PIECE_BYTES
        )

    def begin_drop(self) -> dict[str, str]:
        """Make room for a zip; for the page itself."""
        name = plain_name(request.form.get("name", ""))
        target = upload_key(request.form.get("lab", ""), name[: -len(".zip")])
        drop = self.console.drops.begin(name, target, request.form.get("size", 0, int))
        pieces, page = (url_for(to, drop_id=drop.id) for to in ("take_piece", "dropped"))
        return {"pieces": pieces, "page": page}

    def take_piece(self, drop_id: str) -> dict[str, int]:
        """Take a piece of it; with the last one, the check begins."""
        drop = self.console.drops.find(drop_id)
        piece = request.get_data(cache=False)
        drop.add(request.args.get("at", -1, int), io.BytesIO(piece), len(piece))
        if drop.is_whole and drop.check is None:
            cloud = self.cloud
            drop.check = self.console.errands.start(
                f"Checking {drop.file_name}", 0, lambda errand: _check(cloud, drop, errand)
            )
            drop.check.page = url_for("dropped", drop_id=drop_id)
        return {"received": drop.received}

    def dropped(self, drop_id: str) -> Response:
        """What becomes of a zip."""
        drop = self.console.drops.find(drop_id)
        errand = drop.sending or drop.check
        is_over = errand is not None and errand.is_over  # before the page says what it finds
        return live(render_template("drop.html", drop=drop), is_over)

    def begin_sending(self, drop_id: str) -> AnyResponse:
        """Send it."""
        drop = self.console.drops.find(drop_id)
        cloud, is_meant = self.cloud, request.form.get("again") == "yes"
        with drop.lock:
            if not _may_be_sent(drop):
                raise LabError(f"{drop.file_name} can't be sent.", "See what the check says.")
            if drop.sending is None or drop.sending.has_failed:
                drop.sending = self.console.errands.start(
                    f"Sending {drop.file_name} for lab {drop.target.lab}",
                    drop.size,
                    lambda errand: _send(cloud, drop, errand, is_meant),
                )
            drop.sending.page = url_for("dropped", drop_id=drop_id)
        return redirect(drop.sending.page, 303)


def _own_lab(cloud: Cloud) -> str:
    return cloud.lab or DEFAULT_LAB


def _may_be_sent(drop: Drop) -> bool:
    checked = drop.check.result if drop.check else None
    return isinstance(checked, Checked) and checked.check.is_trainable


def _check(cloud: Cloud, drop: Drop, errand: Errand) -> Checked:
    def looked(done: int, total: int) -> None:
        errand.done, errand.total = done, total

    found = check_path(drop.path, looked)
    if not found.is_trainable:
        return Checked(_named(found, drop), "")
    notes = notes_of_settings(drop.path, found)
    try:
        ahead = forecast(cloud, drop.target, found)
    except DlcBatchError as error:
        return Checked(found, f"What it may cost can't be told now: {error}", notes)
    words = words_of(ahead.quote) if ahead.quote else ahead.why_not
    return Checked(ahead.added_to(found), words, notes)


def _named(found: Check, drop: Drop) -> Check:
    """Say the zip's own name where problems have that of our copy."""
    problems = [
        type(each)(**{**vars(each), "where": each.where.replace(drop.path.name, drop.file_name)})
        for each in found.problems
    ]
    return Check(**{**vars(found), "problems": tuple(problems)})


def _send(cloud: Cloud, drop: Drop, errand: Errand, is_meant: bool) -> Submitted:
    def begins(sha256: str) -> None:
        if not is_meant:
            check_for_twin(cloud, drop.target, sha256, settings().recent_runs())

    sent = send(cloud, drop.path, drop.target, errand.got, errand.say, begins=begins)
    settings().remember_runs([sent.run_id])
    return sent
