"""`python -m tests.browser.pictures REPORT FOLDER`: the documentation's pictures of a report."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from tests.browser.chromium import ARGUMENTS, MISSING, find_chromium

_QUALITY = 78  # of WebP: small text stays sharp, at about 50 kB a picture


@dataclass(frozen=True)
class View:
    """One picture: a part of the page in a window."""

    name: str
    width: int
    height: int
    place: str = "#verdict"  # that the window is scrolled to; the first: the top of the page
    is_dark: bool = False
    is_print: bool = False


REPORT = (
    View("report", 1000, 1180),
    View("report-errors", 1000, 900, "#errors"),
    View("report-frames", 1000, 900, "#worst"),
    View("report-dark", 1000, 1180, is_dark=True),
    View("report-narrow", 320, 1100),
    View("report-print", 800, 1120, is_print=True),
)


def take(browser: Browser, url: str, view: View, folder: Path) -> Path:
    """Take a picture of a page."""
    context = browser.new_context(
        viewport={"width": view.width, "height": view.height},
        color_scheme="dark" if view.is_dark else "light",
    )
    page = context.new_page()
    page.goto(url)
    if view.is_print:
        page.emulate_media(media="print")
    if view.place != View.place:
        page.locator(view.place).evaluate("each => each.scrollIntoView()")
    target = folder / f"{view.name}.webp"
    with Image.open(io.BytesIO(page.screenshot())) as image:
        image.convert("RGB").save(target, quality=_QUALITY, method=6)
    context.close()
    return target


def main(report: Path, folder: Path) -> None:
    """Take all pictures of a report."""
    program = find_chromium()
    if program is None:
        sys.exit(f"Error: {MISSING}")
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(program), args=list(ARGUMENTS))
        for view in REPORT:
            path = take(browser, report.resolve().as_uri(), view, folder)
            print(f"{path}  {path.stat().st_size / 1000:.0f} kB")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
