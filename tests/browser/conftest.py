"""A browser, pages that tell of whatever goes wrong in them, and what every page must hold to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from tests.browser.chromium import ARGUMENTS, MISSING, find_chromium

#: An old small telephone; what fits there needs no sideways scrolling when a text is enlarged
#: to four times its size either (WCAG 2.2, 1.4.10 Reflow).
NARROW = {"width": 320, "height": 640}
WIDE = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")  # while it is open, nothing else can use asyncio in this thread
def browser() -> Iterator[Browser]:
    """The browser. Without one the tests skip, and say how to get one."""
    program = find_chromium()
    if program is None:
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(program), args=list(ARGUMENTS))
        yield found
        found.close()


@dataclass
class Watched:
    """A page, and what went wrong in it."""

    page: Page
    complaints: list[str] = field(default_factory=list)  # console errors, faults, failed requests
    requests: list[str] = field(default_factory=list)  # but for data within the page

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("requestfailed", lambda asked: self.complaints.append(asked.url))
        self.page.on("request", self._note)

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _note(self, request: Any) -> None:
        if not request.url.startswith(("data:", "blob:")):
            self.requests.append(request.url)

    def scrolls_sideways(self) -> bool:
        """Whether the page, and not a part of it that may, is wider than the window."""
        wide: bool = self.page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
        return wide

    def focusable_in_order(self, most: int = 200) -> list[str]:
        """Press Tab until the focus comes around; what had it, in words."""
        words = """() => {
            const at = document.activeElement;
            if (!at || at === document.body) return null;
            const style = getComputedStyle(at);
            const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
            const name = at.getAttribute('aria-labelledby')
                ? document.getElementById(at.getAttribute('aria-labelledby')).textContent
                : at.getAttribute('aria-label') || at.textContent;
            return (seen ? '' : 'UNSEEN ') + at.tagName.toLowerCase() + ': ' + name.trim();
        }"""
        found: list[str] = []
        for _ in range(most):
            self.page.keyboard.press("Tab")
            name = self.page.evaluate(words)
            if name is None:
                break
            found.append(name)
        return found

    def barriers(self) -> list[str]:
        """What axe-core finds that keeps people with disabilities out (WCAG 2 A and AA)."""
        answer = Axe().run(
            self.page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}
        )
        assert answer.response["passes"], "axe-core looked at nothing"
        return [
            f"{each['id']}: {node['html'][:200]} {node['failureSummary']}"
            for each in answer.response["violations"]
            for node in each["nodes"]
        ]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Watched]]:
    """Opens an address in a window of its own: `open_page(url, width, dark)`."""
    contexts = []

    def make(url: str, size: dict[str, int] = WIDE, *, is_dark: bool = False) -> Watched:
        scheme = "dark" if is_dark else "light"
        context = browser.new_context(viewport=size, color_scheme=scheme)
        contexts.append(context)
        watched = Watched(context.new_page())
        watched.page.goto(url)
        return watched

    yield make
    for context in contexts:
        context.close()
