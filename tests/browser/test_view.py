"""The page on which poses are turned, in a real browser: opened from a file, with no network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import NARROW, WIDE, Watched
from tests.cameras.scenes import draw_walk

from dlc_batch_trainer.three_d.scene import Scene
from dlc_batch_trainer.three_d.view import Film, write_view

Open = Callable[..., Watched]
DOWN = np.array([0, 0, -1.0])
PARTS = ("snout", "left ear", "right ear", "neck", "back", "tail base", "tail", "tail tip")
BONES = [(n, n + 1) for n in range(len(PARTS) - 1)]
#: In this frame, the first one too, most body parts are not in space.
GAP = 7
#: Something is to be seen within this time, in milliseconds.
PATIENCE = 30_000


def poses(frames: int = 300, parts: int = len(PARTS)) -> np.ndarray:
    points = draw_walk(frames, parts)
    points[[0, GAP], 2:] = np.nan
    return points


def page_of(points: np.ndarray, names: tuple[str, ...] = PARTS, unit: str = "mm") -> str:
    scene = Scene.of(points, names, BONES[: len(names) - 1], DOWN, unit)
    return write_view(scene, "walk: poses in space", Film(50.0, 4, "left"))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Addresses of pages that were made."""
    folder = tmp_path_factory.mktemp("poses")
    many = tuple(f"a body part of a long name {n}" for n in range(20))
    made = {
        "plain": page_of(poses()),
        "none": page_of(np.full((5, 2, 3), np.nan), ("a", "b")),
        "hostile": page_of(poses(9, 2), ("<b>x</b>" + 60 * "x", "</script>{{ 7*7 }}"), "squares"),
        "long": page_of(draw_walk(100_000, 20), many),
    }
    for name, html in made.items():
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in made}


def picture(page: Page) -> str:
    """What the canvas shows, once it is drawn."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    drawn: str = page.evaluate("document.getElementById('view').toDataURL()")
    return drawn


def pixels(page: Page, is_such: str) -> int:
    """How many pixels of the canvas are such, of their red, green, blue and alpha."""
    picture(page)
    count: int = page.evaluate(f"""() => {{
        const canvas = document.getElementById('view');
        const all = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        let count = 0;
        for (let n = 0; n < all.length; n += 4) {{
            const [r, g, b, a] = all.subarray(n, n + 4);
            count += Boolean({is_such});
        }}
        return count;
    }}""")
    return count


COLOURED = "a > 200 && Math.max(r, g, b) - Math.min(r, g, b) > 90"


def where(page: Page) -> str:
    picture(page)
    return page.inner_text("#where")


@pytest.mark.parametrize("kind", ["plain", "none", "hostile", "long"])
@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_nothing_goes_wrong_and_nobody_is_kept_out(
    open_page: Open, pages: dict[str, str], kind: str, is_dark: bool
) -> None:
    watched = open_page(pages[kind], is_dark=is_dark)
    assert watched.barriers() == []
    assert watched.complaints == []
    assert watched.requests == [pages[kind]]


def test_it_begins_with_a_whole_animal_and_does_not_move(
    open_page: Open, pages: dict[str, str]
) -> None:
    page = open_page(pages["plain"]).page
    assert where(page) == "Frame 5, 0.10 s: 8 of 8 body parts in space"  # by the left video
    assert pixels(page, COLOURED) > 8 * 60
    before = picture(page)
    for _ in range(10):  # frames of the screen
        assert picture(page) == before
    assert page.inner_text("#play") == "Play"


def test_gaps_are_gaps(open_page: Open, pages: dict[str, str]) -> None:
    page = open_page(pages["plain"]).page
    page.uncheck("#named")
    whole = pixels(page, COLOURED)
    page.fill("#frame", str(GAP))
    assert where(page) == "Frame 11, 0.22 s: 2 of 8 body parts in space"
    assert 0 < pixels(page, COLOURED) < 0.5 * whole
    assert page.locator("#parts .gone").all_inner_texts() == list(PARTS[2:])
    page.fill("#frame", str(GAP + 1))
    assert pixels(page, COLOURED) > 0.8 * whole
    assert page.locator("#parts .gone").count() == 0


def test_nothing_in_space_is_said(open_page: Open, pages: dict[str, str]) -> None:
    page = open_page(pages["none"]).page
    assert where(page).endswith(": 0 of 2 body parts in space")
    assert pixels(page, COLOURED) == 0


def press_to(page: Page, id: str, most: int = 60) -> None:
    """Press Tab until the focus is seen to be on an element."""
    for _ in range(most):
        page.keyboard.press("Tab")
        at, is_seen = page.evaluate("""() => {
            const style = getComputedStyle(document.activeElement);
            const width = parseFloat(style.outlineWidth);
            return [document.activeElement.id, style.outlineStyle !== 'none' && width > 0];
        }""")
        if at == id:
            assert is_seen
            return
    raise AssertionError(f"Tab does not lead to {id}")


def test_keyboard_alone_does_all(open_page: Open, pages: dict[str, str]) -> None:
    watched = open_page(pages["plain"])
    page = watched.page
    press_to(page, "view")
    first = picture(page)
    seen = {first}
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp", "ArrowRight", "+", "."):
        page.keyboard.press(key)
        assert picture(page) not in seen, key
        seen.add(picture(page))
    assert where(page).startswith("Frame 6,")
    for key in (",", "0"):
        page.keyboard.press(key)
    assert picture(page) == first
    page.keyboard.press("Space")
    expect(page.locator("#play")).to_have_text("Pause")
    expect(page.locator("#where")).to_contain_text("Frame 1", timeout=PATIENCE)  # 10 and on
    page.keyboard.press("Space")
    expect(page.locator("#play")).to_have_text("Play")
    still = where(page)
    assert still == where(page)
    press_to(page, "on")
    page.keyboard.press("Enter")
    assert where(page) != still
    press_to(page, "frame")
    page.keyboard.press("Home")
    assert where(page).startswith("Frame 4,")
    page.keyboard.press("ArrowRight")
    assert where(page).startswith("Frame 5,")
    for button in ("left", "up", "nearer", "reset"):
        press_to(page, button)
        before = picture(page)
        page.keyboard.press("Enter")
        assert picture(page) != before, button
    assert picture(page) == first
    for box in ("follow", "named"):
        press_to(page, box)
        before = picture(page)
        page.keyboard.press("Space")
        assert picture(page) != before, box
    assert watched.complaints == []


def test_every_control_has_a_name_and_shows_its_focus(
    open_page: Open, pages: dict[str, str]
) -> None:
    names = open_page(pages["plain"], NARROW).focusable_in_order()
    assert not [name for name in names if name.startswith("UNSEEN")]
    assert {
        "canvas: The animal in space",
        "button: Play",
        "button: One frame on",
        "button: Turn to the left",
        "button: Larger",
    } <= set(names)
    page = open_page(pages["plain"]).page
    for name in ("Frame", "Speed", "Follow the animal", "Names", *PARTS):
        assert page.get_by_label(name, exact=True).count() == 1, name
    said = page.get_attribute("#frame", "aria-valuetext")
    assert said == where(page)


def test_a_mouse_turns_it_and_its_wheel_scrolls_the_page_until_it_is_clicked(
    open_page: Open, pages: dict[str, str]
) -> None:
    page = open_page(pages["plain"], {"width": 800, "height": 500}).page
    first = picture(page)
    page.mouse.move(400, 200)
    page.mouse.wheel(0, 100)
    page.wait_for_function("scrollY > 0")
    assert picture(page) == first
    page.evaluate("scrollTo(0, 0)")
    page.mouse.down()
    page.mouse.move(440, 210)
    page.mouse.up()
    turned = picture(page)
    assert turned != first
    page.mouse.wheel(0, 100)
    page.wait_for_function("before => document.getElementById('view').toDataURL() !== before",
                           arg=turned)  # fmt: skip


def test_a_finger_turns_it_and_two_make_it_larger(open_page: Open, pages: dict[str, str]) -> None:
    page = open_page(pages["plain"]).page
    hand = page.context.new_cdp_session(page)

    def touch(kind: str, *places: tuple[int, int]) -> None:
        points = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(places)]
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    first = picture(page)
    touch("touchStart", (500, 300), (520, 300))
    touch("touchMove", (440, 300), (580, 300))
    touch("touchEnd")
    picture(page)
    assert page.evaluate("zoom") == pytest.approx(140 / 20, rel=0.1)
    page.click("#reset")
    assert picture(page) == first
    touch("touchStart", (500, 300))
    touch("touchMove", (560, 300))
    touch("touchEnd")
    assert picture(page) != first


def test_body_parts_can_be_left_out(open_page: Open, pages: dict[str, str]) -> None:
    page = open_page(pages["plain"]).page
    page.uncheck("#named")
    whole = pixels(page, COLOURED)
    for name in PARTS[1:]:
        page.get_by_label(name, exact=True).uncheck()
    assert 50 < pixels(page, COLOURED) < 0.3 * whole


@pytest.mark.parametrize("kind", ["plain", "none", "hostile", "long"])
def test_a_narrow_window_needs_no_sideways_scrolling(
    open_page: Open, pages: dict[str, str], kind: str
) -> None:
    watched = open_page(pages[kind], NARROW)
    assert not watched.scrolls_sideways()
    height = watched.page.eval_on_selector("#view", "each => each.getBoundingClientRect().height")
    assert height < 0.7 * NARROW["height"]  # else there is nothing to scroll the page by


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_its_ink_stands_out_from_the_page(
    open_page: Open, pages: dict[str, str], is_dark: bool
) -> None:
    page = open_page(pages["plain"], is_dark=is_dark).page
    dark, light = "a > 200 && r + g + b < 240", "a > 200 && r + g + b > 600"
    assert pixels(page, light if is_dark else dark) > 100  # the scale and the names


def test_printed_it_is_ink_on_paper(open_page: Open, pages: dict[str, str]) -> None:
    page = open_page(pages["plain"], is_dark=True).page
    page.emulate_media(media="print")
    assert pixels(page, "a > 200 && r + g + b < 240") > 100
    seen = page.evaluate("""() => ({
        ground: getComputedStyle(document.body).backgroundColor,
        shown: ['.row', '.keys', 'li input'].filter(
            each => getComputedStyle(document.querySelector(each)).display !== 'none'),
        where: document.getElementById('where').getBoundingClientRect().height > 10,
        parts: document.getElementById('parts').innerText.includes('snout'),
    })""")
    white = "rgb(255, 255, 255)"
    assert seen == {"ground": white, "shown": [], "where": True, "parts": True}
    assert page.pdf().startswith(b"%PDF-")


def test_a_long_recording_of_many_body_parts(open_page: Open, pages: dict[str, str]) -> None:
    path = Path(pages["long"].removeprefix("file://"))
    assert path.stat().st_size < 9e6
    page = open_page(pages["long"], WIDE).page
    assert "Only one frame in 2 is shown here" in page.inner_text("main")
    page.fill("#frame", page.get_attribute("#frame", "max") or "")
    assert where(page) == "Frame 100002, 2000.04 s: 20 of 20 body parts in space"


def test_a_hostile_name_is_shown_and_does_nothing(open_page: Open, pages: dict[str, str]) -> None:
    watched = open_page(pages["hostile"])
    assert watched.page.locator("b").count() == 0
    text: Any = watched.page.inner_text("#parts")
    assert "<b>x</b>" in text
    assert "</script>{{ 7*7 }}" in text
    assert watched.complaints == []
