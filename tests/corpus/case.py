"""A case of the corpus: how a good project is changed, and what must come of it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from tests.corpus.drafts import ROOT, Draft

#: Changes a draft; one that is about the archive itself returns the whole zip.
Change = Callable[[Draft], bytes | None]
CASES: dict[str, Case] = {}


@dataclass(frozen=True)
class Native:
    """What DeepLabCut 3.0.2 makes of the case, called by hand (see native.py).

    Either it raises, or it goes on with fewer frames or points than the lab labelled.
    """

    raises: str = ""  # the exception's class
    says: str = ""  # part of its text, or of what is printed where nothing raises
    at: str = ""  # the step: convert, create or load
    frames: int | None = None  # in the merged table, of `of` that are labelled
    points: int | None = None  # in the merged table
    loaded: int | None = None  # points that reach the network, both sides of the split
    of: int = 0  # what `frames`, `points` or `loaded` ought to be


@dataclass(frozen=True)
class Case:
    """One broken or odd project."""

    name: str
    base: Callable[[], Draft]
    change: Change
    problems: tuple[tuple[str, str], ...]  # code, and part of where: all of them, none besides
    mended: str  # part of one of the sentences; "": not looked at
    native: Native | None

    def draft(self) -> Draft:
        """The changed project, as its lab has it on disk."""
        draft = self.base()
        assert self.change(draft) is None, f"{self.name} is about an archive"
        return draft

    def zipped(self) -> bytes:
        """The upload."""
        draft = self.base()
        made = self.change(draft)
        return zip_of(draft) if made is None else made


def case(
    base: Callable[[], Draft],
    *problems: tuple[str, str],
    mended: str = "",
    native: Native | None = None,
) -> Callable[[Change], Change]:
    """Add a function to the corpus."""

    def add(change: Change) -> Change:
        name = change.__name__
        assert name not in CASES, f"two cases are called {name}"
        CASES[name] = Case(name, base, change, problems, mended, native)
        return change

    return add


def zip_of(draft: Draft, root: str = ROOT, method: int = zipfile.ZIP_STORED) -> bytes:
    """Zip a project as Python does."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for path, data in draft.files.items():
            archive.writestr(root + path, data)
    return target.getvalue()
