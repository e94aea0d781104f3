"""What goes on while the user looks at other pages."""

from __future__ import annotations

import threading
import time

import pytest

from dlc_batch.console.errands import Errand, Errands
from dlc_batch.console.memory import Fresh, Recent
from dlc_batch_core.errors import CloudError, LabError


def over(errand: Errand) -> Errand:
    end = time.monotonic() + 20
    while not errand.is_over and time.monotonic() < end:
        time.sleep(0.01)
    assert errand.is_over
    return errand


def test_it_tells_how_far_it_is_and_what_came_of_it() -> None:
    goes_on = threading.Event()

    def work(errand: Errand) -> str:
        errand.got(30)
        errand.say("It goes slowly.")
        goes_on.wait(20)
        return "done"

    errands = Errands()
    errand = errands.start("Fetching", 120, work)
    while not errand.sentences:
        time.sleep(0.01)
    assert (errand.percent, errand.is_over, list(errand.sentences)) == (
        25,
        False,
        ["It goes slowly."],
    )
    assert errands.under_way() == [errand]
    assert errands.find(errand.id) is errand
    goes_on.set()
    assert (over(errand).result, errand.has_failed) == ("done", False)
    assert errands.under_way() == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (CloudError("S3 refuses.", "Log in."), "S3 refuses. Log in."),
        (OSError(28, "No space left on device", "/x"), "/x: No space left on device."),
        (ZeroDivisionError("odd"), "It failed: ZeroDivisionError: odd."),
    ],
)
def test_whatever_befalls_it_is_said(error: Exception, said: str) -> None:
    def work(_: Errand) -> None:
        raise error

    errand = over(Errands().start("Fetching", 0, work))
    assert errand.has_failed
    assert str(errand.error).startswith(said)


def test_only_some_go_on_at_once() -> None:
    goes_on, errands = threading.Event(), Errands()
    begun = [errands.start(str(n), 0, lambda _: goes_on.wait(20)) for n in range(4)]
    with pytest.raises(LabError, match="4 transfers are under way"):
        errands.start("one more", 0, lambda _: None)
    goes_on.set()
    for each in begun:
        over(each)
    over(errands.start("one more", 0, lambda _: None))
    with pytest.raises(LabError, match="no such transfer"):
        errands.find("another console's")


def test_what_was_asked_for_last_is_kept() -> None:
    made = list[str]()
    recent: Recent[str, str] = Recent(lambda key: made.append(key) or key, 2)
    for key in ("a", "b", "a", "c", "a", "b"):
        assert recent.get(key) == key
    assert made == ["a", "b", "c", "b"]  # b was the one that went


def test_a_value_is_asked_for_once_while_it_is_fresh_and_an_error_is_not_kept() -> None:
    asked = list[int]()
    fresh: Fresh[int] = Fresh(60)

    def ask() -> int:
        asked.append(len(asked))
        if len(asked) == 1:
            raise CloudError("not now")
        return len(asked)

    with pytest.raises(CloudError):
        fresh.get(ask)
    assert [fresh.get(ask), fresh.get(ask)] == [2, 2]
    fresh.expire()
    assert fresh.get(ask) == 3
