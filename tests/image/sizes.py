"""How large an image is: unpacked, and packed as a registry keeps it."""

from __future__ import annotations

import json
import subprocess
import tarfile
import zlib
from dataclasses import dataclass
from typing import IO, Any

from tests.image.engine import Engine

_CHUNK = 1 << 20
_GZIP = 31  # zlib's window of 15 bits, in a gzip file
_LEVEL = 6  # Docker's
_MADE_BY = 60  # characters


@dataclass(frozen=True)
class Layer:
    """A layer, sizes in bytes."""

    made_by: str
    unpacked: int
    packed: int


def measure(engine: Engine, image: str) -> list[Layer]:
    """Return the layers of an image, the lowest first."""
    sizes: dict[str, tuple[int, int]] = {}
    texts: dict[str, bytes] = {}
    command = [engine.path, "save", image]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as saved,
        tarfile.open(fileobj=saved.stdout, mode="r|") as archive,  # it can't be sought in
    ):
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            if content:  # podman links to its layers by older names too
                first = content.read(_CHUNK)
                texts[member.name] = first  # of the manifest and what it names: all of it
                sizes[member.name] = member.size, _packed_size(first, content)
    return _named(texts, sizes)


def _packed_size(first: bytes, content: IO[bytes]) -> int:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    packed = len(packer.compress(first))
    while chunk := content.read(_CHUNK):
        packed += len(packer.compress(chunk))
    return packed + len(packer.flush())


def _named(texts: dict[str, bytes], sizes: dict[str, tuple[int, int]]) -> list[Layer]:
    (manifest,) = json.loads(texts["manifest.json"])
    config: dict[str, Any] = json.loads(texts[manifest["Config"]])
    steps = [step for step in config["history"] if not step.get("empty_layer")]
    named = zip(steps, manifest["Layers"], strict=True)
    return [Layer(_short(step.get("created_by", "")), *sizes[path]) for step, path in named]


def _short(made_by: str) -> str:
    words = made_by.replace("/bin/bash -euo pipefail -c", "RUN").split()
    return " ".join(words)[:_MADE_BY]


def table(layers: list[Layer]) -> str:
    """Return the layers as a table, in GB (10^9 bytes), the largest first."""
    rows = [(each.unpacked, each.packed, each.made_by) for each in layers]
    total = (sum(row[0] for row in rows), sum(row[1] for row in rows), "the image")
    lines = [f"{unpacked / 1e9:9.3f} {packed / 1e9:9.3f}  {name}" for unpacked, packed, name in
             [total, *sorted(rows, reverse=True)]]  # fmt: skip
    return "\n".join(["unpacked    packed  (GB)", *lines])
