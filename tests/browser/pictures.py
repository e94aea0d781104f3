"""`python -m tests.browser.pictures REPORT FOLDER`: the documentation's pictures of pages."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from moto.server import ThreadedMotoServer
from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from tests.browser.chromium import ARGUMENTS, MISSING, find_chromium
from tests.client.console.lab import Lab
from tests.client.console.running import environment_of, running
from tests.conftest import AwsServices

from dlc_batch.cloud import Cloud
from dlc_batch_core.follow_up import SPACE_FOLDER, VIEW_ENDING

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
    View("report-space", 1000, 1160, "#space"),
    View("report-dark", 1000, 1180, is_dark=True),
    View("report-narrow", 320, 1100),
    View("report-print", 800, 1120, is_print=True),
)
#: Of the poses in space that lie beside the report.
POSES = (View("poses", 1000, 1000),)
#: By the words that tests.client.console.lab has for its runs.
CONSOLE = {
    View("console", 1000, 860): "/",
    View("console-run", 1000, 760): "/runs/{training}",
    View("console-compare", 1000, 1560): "/compare?run={one}&run={other}",
    View("console-dark", 1000, 860, is_dark=True): "/",
    View("console-narrow", 320, 900): "/runs/{training}",
}


def take(browser: Browser, url: str, view: View, folder: Path, first: str = "") -> Path:
    """Take a picture of a page.

    Args:
        first: an address that lets the browser in.
    """
    context = browser.new_context(
        viewport={"width": view.width, "height": view.height},
        color_scheme="dark" if view.is_dark else "light",
    )
    page = context.new_page()
    if first:
        page.goto(first)
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


def take_report(browser: Browser, report: Path, folder: Path) -> Iterator[Path]:
    """Take the pictures of a report."""
    for view in REPORT:
        yield take(browser, report.resolve().as_uri(), view, folder)


def take_poses(browser: Browser, page: Path, folder: Path) -> Iterator[Path]:
    """Take the pictures of a page on which poses are turned."""
    for view in POSES:
        yield take(browser, page.resolve().as_uri(), view, folder)


def take_console(browser: Browser, folder: Path) -> Iterator[Path]:
    """Take the pictures of the console, of a made-up lab."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # each request of ours
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    aws = AwsServices(f"http://{host}:{port}")
    bucket, table = aws.make_bucket(), aws.make_runs_table()
    cloud = Cloud(aws.session, aws.endpoint_url, bucket, table, "no-queue")
    runs = {name: run.run_id for name, run in Lab(cloud).fill().items()}
    with running(environment_of(aws, cloud)) as address:
        for view, path in CONSOLE.items():
            url = address.split("/?")[0] + path.format(**runs)
            yield take(browser, url, view, folder, address)
    server.stop()


def main(report: Path, folder: Path) -> None:
    """Take all pictures."""
    program = find_chromium()
    if program is None:
        sys.exit(f"Error: {MISSING}")
    recordings = sorted((report.parent / SPACE_FOLDER).rglob(f"*{VIEW_ENDING}"))
    if not recordings:
        sys.exit(f"Error: no poses in space lie beside {report}. Run `make demo`.")
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(program), args=list(ARGUMENTS))
        pictures = (
            take_report(browser, report, folder),
            take_poses(browser, recordings[0], folder),
            take_console(browser, folder),
        )
        for path in chain(*pictures):
            print(f"{path}  {path.stat().st_size / 1000:.0f} kB")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
