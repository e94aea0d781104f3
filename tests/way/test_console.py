"""The console on the local cloud: a project sent, watched, read and ended from the browser."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.client.console.running import Visitor, running
from tests.client.console.test_send_pages import drop, settled

from .conftest import Way

ZipProject = Callable[..., bytes]


def test_from_a_dropped_zip_to_the_end(way: Way, zip_project: ZipProject) -> None:
    with running(way.environment) as address:
        visitor = Visitor(address).come_in()
        page = drop(visitor, zip_project(), "console.zip", "heedful")
        assert "It can be trained" in settled(visitor, page)
        visitor.post(f"{page}/send")
        said = settled(visitor, page)
        run = said.split("Watch ")[1].split()[0]

        def shows(words: str) -> bool:
            return words in visitor.get(f"/runs/{run}", X_Live="1").text

        way.wait_for(lambda: shows("training, epoch "), "the training to be seen")
        way.wait_for(lambda: shows("<polyline"), "its curve")
        way.wait_for(lambda: "epoch 2/240" in visitor.get(f"/runs/{run}/logs").text, "its log")
        known = lines_of(visitor, run, 0)
        more = way.wait_for(lambda: lines_of(visitor, run, known["end"])["lines"], "more lines")
        assert all(line not in known["lines"] for line in more)
        assert visitor.post(f"/runs/{run}/stop").code == 200
        assert way.ended(run).status == "SUCCEEDED"
        way.wait_for(lambda: shows("The stand-in is done."), "its end")
        assert visitor.post(f"/runs/{run}/cancel").code == 400  # it has ended
        assert way.wait_for(lambda: lines_of(visitor, run, 0)["is_over"], "the log's end")


def test_a_run_that_is_cancelled_ends(way: Way, zip_project: ZipProject) -> None:
    run = way.put(zip_project(), "uploads/heedful/unwanted.zip")
    way.wait_for(lambda: (found := way.run(run)) and found.status == "RUNNING", f"{run} at work")
    with running(way.environment) as address:
        answer = Visitor(address).come_in().post(f"/runs/{run}/cancel")
        assert "It is told to end" in answer.text
        assert way.ended(run).status == "CANCELLED"


def test_a_login_that_is_not_valid_is_said_and_a_new_one_is_taken(
    way: Way, tmp_path: Path
) -> None:
    file = tmp_path / "credentials"
    environment = {**way.environment, "AWS_SHARED_CREDENTIALS_FILE": str(file)}
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del environment[name]
    file.write_text(_credentials("AKIAIOSFODNN7EXAMPLE", "wrong"))
    with running(environment) as address:
        visitor = Visitor(address).come_in()
        answer = visitor.get("/")
        assert answer.code == 503
        assert "log in again" in answer.text.lower()
        file.write_text(_credentials(way.cloud.access_key_id, way.cloud.secret_access_key))
        assert visitor.get("/").code == 200


def lines_of(visitor: Visitor, run: str, after: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(visitor.get(f"/runs/{run}/logs/more?after={after}").text)
    return found


def _credentials(key: str, secret: str) -> str:
    return f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
