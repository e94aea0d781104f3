"""The report in a real browser: as a lab opens it, from a file, with no network."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import NARROW, Watched
from tests.trainer.report.results import MadeUp
from tests.trainer.three_d.made_up import task as space_task
from tests.trainer.three_d.made_up import write_tables

from dlc_batch_trainer.report.__main__ import make_report
from dlc_batch_trainer.three_d.__main__ import do

Open = Callable[..., Watched]
LONG = MadeUp(
    body_parts=("<b>nose</b>" + 60 * "x", "ear & eye", "c", "d"),
    individuals=("the first animal of a long name", "2"),
    notes=("A path without a gap: " + "labeled-data/" * 30,),
)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Addresses of reports that were made."""
    kinds = {"plain": MadeUp(), "long": LONG, "unscored": MadeUp(is_evaluated=False)}
    found = {}
    for name, training in kinds.items():
        task = training.write(tmp_path_factory.mktemp(name))
        make_report(task)
        found[name] = (task.folder / "report.html").as_uri()
    found["space"] = write_in_space(tmp_path_factory.mktemp("space")).as_uri()
    return found


def write_in_space(folder: Path) -> Path:
    """Make a report of two recordings by two cameras; one has a name that a link must quote."""
    task = MadeUp().write(folder)
    tables = write_tables(folder, frames=30)
    target = task.folder / "3d"
    for name in ("day 1/walk #2?", "a-recording-of-a-very-long-name-indeed-" * 3):
        do(replace(space_task(folder, tables), name=name, target=str(target)))
    cameras = [{"name": f"camera-{n}", "reprojection_px": 1.4, "images": 20} for n in (1, 2)]
    notes = ["Calibration, camera-2: Left out: calibration_images/camera-2-07.png (3.0 px)."]
    text = json.dumps({"cameras": cameras, "notes": notes, "unit": "mm"})
    (target / "cameras.json").write_text(text, encoding="utf-8")
    make_report(task)
    return task.folder / "report.html"


@pytest.mark.parametrize("kind", ["plain", "long", "unscored", "space"])
@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_nothing_goes_wrong_and_nobody_is_kept_out(
    open_page: Open, reports: dict[str, str], kind: str, is_dark: bool
) -> None:
    watched = open_page(reports[kind], is_dark=is_dark)
    watched.page.eval_on_selector_all("details", "all => all.forEach(each => each.open = true)")
    assert watched.barriers() == []  # contrast among them
    assert watched.complaints == []
    assert watched.requests == [reports[kind]]


def test_dark_is_dark(open_page: Open, reports: dict[str, str]) -> None:
    grounds = [
        open_page(reports["plain"], is_dark=is_dark).page.evaluate(
            "getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)[0]"
        )
        for is_dark in (False, True)
    ]
    assert grounds[0] > 200 > 60 > grounds[1]


@pytest.mark.parametrize("kind", ["plain", "long", "unscored", "space"])
def test_a_narrow_window_needs_no_sideways_scrolling(
    open_page: Open, reports: dict[str, str], kind: str
) -> None:
    watched = open_page(reports[kind], NARROW)
    watched.page.eval_on_selector_all("details", "all => all.forEach(each => each.open = true)")
    assert not watched.scrolls_sideways()
    size = watched.page.eval_on_selector(
        "nav a", "each => parseFloat(getComputedStyle(each).fontSize)"
    )
    assert size >= 14


def test_text_of_figures_can_be_read_in_a_narrow_window(
    open_page: Open, reports: dict[str, str]
) -> None:
    watched = open_page(reports["plain"], NARROW)
    heights = watched.page.eval_on_selector_all(
        ".chart svg text", "all => all.map(each => each.getBoundingClientRect().height)"
    )
    assert round(min(heights), 1) >= 9


def test_keyboard_alone_goes_everywhere(open_page: Open, reports: dict[str, str]) -> None:
    watched = open_page(reports["plain"], NARROW)
    names = watched.focusable_in_order()
    assert names[0] == "a: To the verdict"
    assert not [name for name in names if name.startswith("UNSEEN")]
    assert {"a: Scores", "summary: The numbers", "div: Attempts"} <= set(names)
    page = watched.page
    page.focus("summary")
    page.keyboard.press("Enter")
    assert page.locator("details").first.evaluate("each => each.open")
    page.focus("nav a[href='#cost']")
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#cost"


def test_from_a_recording_the_way_leads_to_its_poses(
    open_page: Open, reports: dict[str, str]
) -> None:
    watched = open_page(reports["space"])
    page = watched.page
    sizes = page.eval_on_selector_all("#space img", "all => all.map(each => each.naturalWidth)")
    assert sizes == [960, 960]
    page.focus("text='Turn the poses of day 1/walk #2?'")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("day 1/walk #2?: poses in space")
    expect(page.locator("#where")).to_contain_text("4 of 4 body parts in space")
    assert watched.complaints == []


def test_printed_all_of_it_is_there(
    open_page: Open, reports: dict[str, str], tmp_path: Path
) -> None:
    watched = open_page(reports["plain"], is_dark=True)
    watched.page.emulate_media(media="print")
    seen = watched.page.evaluate("""() => ({
        ground: getComputedStyle(document.body).backgroundColor,
        nav: getComputedStyle(document.querySelector('nav')).display,
        hidden: [...document.querySelectorAll('details table')].filter(
            each => each.getBoundingClientRect().height < 20).length,
        images: [...document.images].every(each => each.complete && each.naturalWidth),
    })""")
    assert seen == {"ground": "rgb(255, 255, 255)", "nav": "none", "hidden": 0, "images": True}
    data = watched.page.pdf(path=str(tmp_path / "report.pdf"), prefer_css_page_size=True)
    assert data.startswith(b"%PDF-")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", data)) <= 12


def test_a_hostile_name_is_shown_and_does_nothing(
    open_page: Open, reports: dict[str, str]
) -> None:
    watched = open_page(reports["long"])
    assert watched.page.locator("b").count() == 0
    assert "<b>nose</b>" in watched.page.inner_text("#body-parts table")
    assert watched.complaints == []
