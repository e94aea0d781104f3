"""A member of a zip: one file, by its entry in the directory."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass

#: Fixed part of a member's local header (APPNOTE 4.3.7); its name and extra field follow.
LOCAL_HEADER_BYTES = 30


@dataclass(frozen=True)
class Member:
    """One file of the zip."""

    path: str  # with / and composed Unicode (NFC), whatever the archiver wrote
    size: int  # as declared
    info: zipfile.ZipInfo
