"""The console in a real browser, as a lab uses it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import NARROW, WIDE, Watched
from tests.browser.test_view import page_of, poses
from tests.client.console.lab import PRYING, Lab
from tests.client.console.running import environment_of, running
from tests.client.relay import relay_to

from dlc_batch.cloud import Cloud
from dlc_batch_core.keys import RunKeys
from dlc_batch_core.run import Run, Status

Open = Callable[..., Watched]
#: Something is to be seen within this time, in milliseconds: pages ask each 1 to 10 seconds.
PATIENCE = 30_000
LONG = "a-very-long-name-of-a-project-indeed-yes"


@dataclass(frozen=True)
class Place:
    """A console, and the lab that it shows."""

    address: str
    cloud: Cloud
    lab: Lab
    runs: dict[str, Run]

    def at(self, path: str) -> str:
        return self.address.split("/?")[0] + path

    def of(self, name: str, more: str = "") -> str:
        return self.at(f"/runs/{self.runs[name].run_id}{more}")

    @property
    def pages(self) -> dict[str, str]:
        """An address of each page."""
        asked = "&".join(f"run={self.runs[name].run_id}" for name in ("one", "other", "training"))
        return {
            "runs": self.at("/"),
            "none": self.at("/?lab=nobody"),
            "training": self.of("training"),
            "long": self.of("long"),
            "several": self.of("several"),
            "one": self.of("one"),
            "rejected": self.of("rejected"),
            "failed": self.of("failed"),
            "compare": self.at(f"/compare?{asked}"),
            "logs": self.of("waiting", "/logs"),
            "report": self.of("one", "/reports/1"),
            "space": self.of("space"),
            "poses": self.of("space", "/poses/1"),
            "fetch": self.of("one", "/fetch"),
            "cancel": self.of("several", "/cancel"),
            "stop": self.of("training", "/stop"),
            "send": self.at("/send"),
            "wrong": self.at("/compare?run=x"),
        }


@pytest.fixture(scope="module")
def place(aws: Any) -> Iterator[Place]:
    bucket, table = aws.make_bucket(), aws.make_runs_table()
    cloud = Cloud(aws.session, aws.endpoint_url, bucket, table, "no-queue")
    lab = Lab(cloud)
    runs = lab.fill()
    runs["several"] = lab.several()
    runs["space"] = lab.in_space()
    path = "labeled-data/" * 30
    runs["long"] = lab.write(LONG, Status.FAILED, 200, lab="b" * 32, message=path, notes=(path,))
    with running(environment_of(aws, cloud)) as address:
        yield Place(address, cloud, lab, runs)


@pytest.fixture
def go(open_page: Open, place: Place) -> Callable[..., Watched]:
    """Opens a page of the console in a window that was let in."""

    def open_it(url: str, size: Mapping[str, int] = WIDE, *, is_dark: bool = False) -> Watched:
        watched = open_page(place.address, size, is_dark=is_dark)
        watched.page.goto(url)
        return watched

    return open_it


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_nothing_goes_wrong_and_nobody_is_kept_out(go: Open, place: Place, is_dark: bool) -> None:
    watched = go(place.at("/"), is_dark=is_dark)
    titles = []
    for name, url in place.pages.items():
        watched.page.goto(url)
        watched.page.eval_on_selector_all(
            "details", "all => all.forEach(each => each.open = true)"
        )
        assert watched.barriers() == [], name  # contrast among them
        assert watched.page.locator("h1").count() == 1
        assert watched.page.locator("main, header, footer").count() >= 3
        titles.append(watched.page.title())
    assert all(title.endswith(" - dlc-batch") for title in titles)
    # of the page `wrong`; and axe-core would speak to the report, whose frame is shut
    expected = ("status of 400", "postMessage")
    assert [each for each in watched.complaints if not any(x in each for x in expected)] == []
    ours = place.at("/")  # and nothing of anybody else
    assert all(url.startswith(ours) for url in watched.requests)


def test_dark_is_dark(go: Open, place: Place) -> None:
    grounds = [
        go(place.at("/"), is_dark=is_dark).page.evaluate(
            "getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)[0]"
        )
        for is_dark in (False, True)
    ]
    assert grounds[0] > 200 > 60 > grounds[1]


def test_a_narrow_window_needs_no_sideways_scrolling(go: Open, place: Place) -> None:
    watched = go(place.at("/"), NARROW)
    for name, url in place.pages.items():
        watched.page.goto(url)
        watched.page.eval_on_selector_all(
            "details", "all => all.forEach(each => each.open = true)"
        )
        assert not watched.scrolls_sideways(), name
    watched.page.goto(place.pages["compare"])
    sizes = watched.page.eval_on_selector_all(
        ".axis-x span, .axis-y span", "all => all.map(each => each.getBoundingClientRect().height)"
    )
    assert min(sizes) >= 9
    widths = watched.page.eval_on_selector_all(
        "th[scope=row]", "all => all.map(each => each.getBoundingClientRect().width)"
    )
    assert min(widths) >= 100  # no word is broken into letters


def press_to(page: Page, name: str, most: int = 60) -> None:
    """Press Tab until what is named so has the focus, which must be seen."""
    look = """() => {
        const at = document.activeElement, style = getComputedStyle(at);
        const label = at.labels && at.labels[0] || at;
        const name = at.getAttribute('aria-label') || label.textContent;
        return [name.trim(), style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0];
    }"""
    for _ in range(most):
        page.keyboard.press("Tab")
        found, is_seen = page.evaluate(look)
        if found == name:
            assert is_seen
            return
    raise AssertionError(f"Tab does not lead to {name!r}")


def test_a_page_that_comes_to_the_front_asks_at_once(go: Open, place: Place) -> None:
    page = go(place.at("/")).page
    every = 1000 * int(page.locator("#part").get_attribute("data-every") or 0)
    with page.expect_request(lambda asked: "x-live" in asked.headers, timeout=every / 2):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_keyboard_alone_goes_everywhere(go: Open, place: Place) -> None:
    for name in ("runs", "training", "compare", "send", "logs"):
        watched = go(place.pages[name])
        names = watched.focusable_in_order()
        assert names[0] == "a: To the content"
        assert not [each for each in names if each.startswith("UNSEEN")]
        assert "a: Send a project" in names
    watched = go(place.at("/"))
    watched.page.keyboard.press("Tab")
    watched.page.keyboard.press("Enter")
    assert watched.page.evaluate("document.activeElement.id") == "main"


def test_keyboard_alone_compares(go: Open, place: Place) -> None:
    watched = go(place.at("/"))
    page, one, other = watched.page, place.runs["one"].run_id, place.runs["other"].run_id
    for run in (one, other):
        press_to(page, f"Compare {run}")
        page.keyboard.press("Space")
    press_to(page, "Compare the ticked runs")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("2 runs compared")
    assert page.locator("th[scope=col] a").first.inner_text() in (one, other)
    assert page.locator("svg[role=img]").count() == 2
    assert watched.complaints == []


def test_keyboard_alone_cancels(go: Open, place: Place) -> None:
    run = place.lab.write("mine", Status.RUNNING, attempt=1)
    watched = go(place.at(f"/runs/{run.run_id}"))
    page = watched.page
    press_to(page, "Cancel")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Cancel")
    press_to(page, "Cancel it, and keep nothing")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("It is told to end")
    key = RunKeys(run.lab, run.run_id).shuffle(1).control
    assert (
        b"stop-now" in place.cloud.s3.get_object(Bucket=place.cloud.bucket, Key=key)["Body"].read()
    )
    assert watched.complaints == []


@pytest.fixture
def archive(tmp_path: Path, zipped: Any, project_files: dict[str, bytes]) -> Path:
    path = tmp_path / "mouse.zip"
    path.write_bytes(zipped(project_files))
    return path


def test_keyboard_alone_sends(go: Open, place: Place, archive: Path) -> None:
    watched = go(place.at("/send"))
    page = watched.page
    press_to(page, "The zip")
    page.set_input_files("#zip", archive)  # what the system's own dialog does
    press_to(page, "Check it")
    page.keyboard.press("Enter")
    expect(page.locator("h2").first).to_have_text("It can be trained", timeout=PATIENCE)
    press_to(page, "Send it to be trained")
    page.keyboard.press("Enter")
    expect(page.locator("h2").first).to_have_text("It is sent", timeout=PATIENCE)
    stored = place.cloud.s3.get_object(Bucket=place.cloud.bucket, Key="uploads/default/mouse.zip")
    assert stored["Body"].read() == archive.read_bytes()
    assert watched.complaints == []


def test_a_zip_is_dropped_and_its_problems_are_shown(
    go: Open, place: Place, zipped: Any, project_files: dict[str, bytes]
) -> None:
    lacking = {name: data for name, data in project_files.items() if "img01" not in name}
    watched = go(place.at("/send"))
    page = watched.page
    page.evaluate(
        """bytes => {
            const carried = new DataTransfer();
            carried.items.add(new File([new Uint8Array(bytes)], '<b>x.zip'));
            const at = document.querySelector('h1');
            const how = {bubbles: true, cancelable: true, dataTransfer: carried};
            for (const kind of ['dragover', 'drop']) at.dispatchEvent(new DragEvent(kind, how));
        }""",
        list(zipped(lacking)),
    )
    page.click("text=Check it")
    expect(page.locator("h2").first).to_have_text("It can't be trained as it is", timeout=PATIENCE)
    expect(page.locator("h1")).to_have_text("<b>x.zip")
    expect(page.locator(".problems")).to_contain_text("img01.png")
    assert page.locator("button").count() == 0
    assert watched.barriers() == []
    assert watched.complaints == []


def test_a_page_goes_on_by_itself_and_keeps_what_was_done_in_it(go: Open, place: Place) -> None:
    run = place.lab.write("live", Status.RUNNING, attempt=1)
    place.lab.tell(run, epoch=10, loss=0.5)
    watched = go(place.at(f"/runs/{run.run_id}"))
    page = watched.page
    expect(page.locator("#part")).to_contain_text("epoch 10 of 200")
    page.focus("#cancel")
    page.evaluate("window.isTheSame = true")
    place.lab.tell(run, epoch=11, loss=0.25)
    expect(page.locator("#part")).to_contain_text("epoch 11 of 200", timeout=PATIENCE)
    assert page.evaluate("document.activeElement.id") == "cancel"
    expect(page.locator(".chart svg")).to_have_attribute(
        "aria-label", re.compile("0.5 at epoch 10, 0.25 at epoch 11")
    )
    assert page.text_content("#said") == ""  # a screen reader is told of states, not of epochs
    page.click("summary")
    place.lab.write("live", Status.SUCCEEDED, run_id=run.run_id, message="Done.", files=("a",))
    expect(page.locator("#part")).to_contain_text("Fetch the results", timeout=PATIENCE)
    assert page.text_content("#said") == f"{run.run_id} is succeeded"
    assert page.evaluate("window.isTheSame")
    assert watched.complaints == []


def test_ticks_outlast_a_new_list(go: Open, place: Place) -> None:
    watched = go(place.at("/"))
    page, run = watched.page, place.runs["one"].run_id
    page.check(f"#tick-{run}")
    new = place.lab.write("fresh", Status.QUEUED, 0)
    expect(page.locator("#part")).to_contain_text(new.run_id, timeout=PATIENCE)
    assert page.is_checked(f"#tick-{run}")


def test_a_report_can_run_nothing(go: Open, place: Place) -> None:
    run = place.lab.trained("hostile", 4.0)
    key = f"{RunKeys(run.lab, run.run_id).results}report.html"
    place.lab.put(
        key,
        "<h1>Report</h1><script>top.document.title = 'taken'; fetch('/')</script>"
        "<form action=/drops method=post><button>Go</button></form>"
        "<img src=x onerror=\"document.body.append('taken')\">",
    )
    watched = go(place.at(f"/runs/{run.run_id}/reports/1"))
    page, answered = watched.page, list[str]()
    page.on("response", lambda answer: answered.append(answer.url))
    frame = page.frame_locator("iframe.report")
    expect(frame.locator("h1")).to_have_text("Report")
    frame.locator("button").click()
    page.wait_for_timeout(500)
    assert "taken" not in page.title() + frame.locator("body").inner_text()
    assert not [url for url in answered if url.endswith(("/drops", "/x"))]
    page.goto(place.at(f"/runs/{run.run_id}/reports/1/content"))  # alone it can do no more
    assert page.title() == ""
    assert "taken" not in page.inner_text("body")


def test_poses_are_turned_and_their_page_can_reach_nothing(go: Open, place: Place) -> None:
    run = place.lab.in_space(PRYING)
    watched = go(place.at(f"/runs/{run.run_id}"))
    page, answered = watched.page, list[str]()
    press_to(page, "Turn day 1/walk")
    page.on("response", lambda answer: answered.append(answer.url))
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Poses in space: day 1/walk")
    did = page.frame_locator("iframe.poses").locator("#did")
    expect(did).to_have_text("no cookies, no the console, no storage, no network")
    assert [url.rpartition("/")[2] for url in answered if "/poses/" in url] == ["1", "content"]
    assert not [url for url in answered if url == place.at("/") or url.endswith(":80/")]


def test_poses_are_turned_in_their_frame(go: Open, place: Place) -> None:
    run = place.lab.in_space(page_of(poses()))
    watched = go(place.at(f"/runs/{run.run_id}/poses/1"))
    page = watched.page
    frame = page.frame_locator("iframe.poses")
    said = frame.locator("#where")
    expect(said).to_contain_text("Frame 5, 0.10 s: 8 of 8 body parts in space")
    page.focus("iframe.poses")
    page.keyboard.press("Tab")
    page.keyboard.press(".")
    expect(said).to_contain_text("Frame 6,")
    assert watched.complaints == []


def test_a_network_that_is_gone_is_a_banner_until_it_is_back(
    aws: Any, place: Place, open_page: Open
) -> None:
    with relay_to(aws.endpoint_url) as relay:
        environment = {**environment_of(aws, place.cloud), "AWS_ENDPOINT_URL": relay.url}
        with running(environment) as address:
            watched = open_page(address)
            page = watched.page
            page.goto(address.split("/?")[0] + f"/runs/{place.runs['training'].run_id}")
            relay.broken = lambda _: "gone"
            banner = page.locator("#banner")
            expect(banner).to_contain_text("Check the network", timeout=PATIENCE)
            expect(page.locator("#part")).to_contain_text("epoch 124 of 200")
            assert watched.barriers() == []
            relay.broken = lambda _: None
            expect(banner).to_be_empty(timeout=PATIENCE)


def test_keyboard_alone_fetches(go: Open, place: Place, tmp_path: Path) -> None:
    watched = go(place.of("one"))
    page = watched.page
    press_to(page, "Fetch the results")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Fetch the results")
    press_to(page, "Folder on this computer")
    page.keyboard.type("here")
    page.keyboard.press("Enter")
    expect(page.locator("#folder-error")).to_contain_text("here is not a whole path.")
    assert page.evaluate("document.activeElement.id") == "folder"
    page.keyboard.press("Control+A")
    page.keyboard.type(str(tmp_path))
    page.keyboard.press("Enter")
    expect(page.locator("h2")).to_have_text("The results are there", timeout=PATIENCE)
    assert (tmp_path / "report.html").exists()


def test_a_console_that_has_ended_is_said(aws: Any, place: Place, open_page: Open) -> None:
    with running(environment_of(aws, place.cloud)) as address:
        page = open_page(address).page
        page.goto(address.split("/?")[0] + f"/runs/{place.runs['training'].run_id}")
    expect(page.locator("#banner")).to_contain_text(
        "The console does not answer. Start it again", timeout=PATIENCE
    )
    expect(page.locator("#part")).to_contain_text("epoch 124 of 200")


def test_printed_it_is_ink_on_paper(go: Open, place: Place) -> None:
    watched = go(place.pages["one"], is_dark=True)
    watched.page.emulate_media(media="print")
    seen = watched.page.evaluate("""() => ({
        ground: getComputedStyle(document.body).backgroundColor,
        ink: getComputedStyle(document.body).color,
        shown: ['.top', '.actions', 'footer'].filter(
            each => getComputedStyle(document.querySelector(each)).display !== 'none'),
        scores: document.querySelector('.scores').getBoundingClientRect().height > 100,
    })""")
    white, ink = "rgb(255, 255, 255)", "rgb(28, 33, 39)"
    assert seen == {"ground": white, "ink": ink, "shown": [], "scores": True}
    assert watched.page.pdf().startswith(b"%PDF-")
