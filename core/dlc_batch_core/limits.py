"""How much of an upload is accepted: what no project comes near, and a zip bomb needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MIB, GIB = 1 << 20, 1 << 30

#: Settings of the stack that the admin may change; template.yaml hands them on.
MAX_MEMBERS, MAX_PROJECT_GIB = "MAX_MEMBERS", "MAX_PROJECT_GIB"


@dataclass(frozen=True)
class Limits:
    """Bounds on one upload. All are our choice; sizes are bytes.

    Sizes are those of the members that are unpacked: settings, label tables, images and the videos
    of a calibration. A video that is analysed is unpacked after the training, on its own, and may
    be as large as all of these together. What else lies in the zip is never inflated, and as large
    as S3 takes.
    """

    #: Files in the zip. The largest labelled data sets known have some 10,000 frames; at most
    #: about 1 kB of memory for each while the directory is read (the functions have 512 MB).
    members: int = 100_000
    #: The zip's directory, which is read as a whole: about 14 MB for 100,000 frames.
    directory_bytes: int = 16 * MIB
    #: All files that are unpacked, inflated: 10,000 frames of 6 MB. A training host has 200 GB.
    total_bytes: int = 64 * GIB
    #: One file that is unpacked, inflated, but for videos: a raw frame of 8K video has 100 MB.
    file_bytes: int = 512 * MIB
    #: Bytes inflated for each byte of the zip, over all files that are unpacked. Deflate gives
    #: 1,032 at most, label tables about 5, raw frames of a dark room up to 100.
    ratio: int = 200
    #: Up to here the ratio does not matter: what is small when inflated is no bomb, and a few
    #: black frames do reach 1,000.
    ratio_free_bytes: int = GIB
    #: A file's or a folder's name, in UTF-8: what ext4 and xfs take.
    name_bytes: int = 255
    #: A member's whole path, in UTF-8: what an S3 key takes, in which results come back.
    path_bytes: int = 1024

    @classmethod
    def from_settings(cls, settings: Mapping[str, str]) -> Limits:
        """Return the limits as the admin set them; what is not set keeps its default.

        Args:
            settings: such as the environment of a function or a job.

        Raises:
            ValueError: a setting is not a whole number above 0.
        """
        return cls(
            members=_count(settings, MAX_MEMBERS, cls.members),
            total_bytes=_count(settings, MAX_PROJECT_GIB, cls.total_bytes // GIB) * GIB,
        )


def _count(settings: Mapping[str, str], name: str, default: int) -> int:
    text = settings.get(name) or str(default)
    if not text.isdecimal() or not int(text):
        raise ValueError(f"{name}={text}: not a whole number above 0")
    return int(text)
