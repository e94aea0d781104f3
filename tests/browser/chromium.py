"""`python -m tests.browser.chromium [--installed]`: find the Chromium that the tests drive.

Exit 1 where there is none; with `--installed`, none but the one that was made here.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MADE = ROOT / ".browser" / "chromium"  # by `make .browser/.ready`
_NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = (
    "there is no Chromium: set DLC_BATCH_CHROMIUM to one, install Debian's package chromium, or,"
    " with npm, run `make .browser/.ready`"
)
#: As root it needs the first one; the others keep it from writing and asking about. The package's
#: Chromium is made for containers: one process, no sandbox of its own.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
)


def find_chromium(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return the program: of DLC_BATCH_CHROMIUM, of the PATH, or the one that was made here."""
    return find_installed(environment) or (MADE if MADE.exists() else None)


def find_installed(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return the program of DLC_BATCH_CHROMIUM, or of the PATH."""
    named = environment.get("DLC_BATCH_CHROMIUM")
    path = environment.get("PATH")
    found = named or next(filter(None, (shutil.which(each, path=path) for each in _NAMES)), None)
    return Path(found) if found else None


if __name__ == "__main__":
    sys.exit(not (find_installed() if "--installed" in sys.argv else find_chromium()))
