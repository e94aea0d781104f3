"""Tells what a process that reads what the lab sent can do and read, from inside it.

In the image that is tried it is `sitecustomize`, which Python imports as it starts. What it finds
goes to the log, and not into a file that a test would have to fetch: the fetching process would
have the container's environment, and be found.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MARK = "WHAT IS SEEN FROM INSIDE: "
#: The processes that read what the lab sent; DeepLabCut runs in the first two.
MODULES = (
    "dlc_batch_trainer.worker",
    "dlc_batch_trainer.after_steps",
    "dlc_batch_trainer.three_d",
    "dlc_batch_trainer.report",
)
FOLDERS = ("/", "/home/trainer", "/opt/dlc-batch", "/var/cache/dlc-batch", "/tmp")
MEMORY_LIMIT = ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max")
#: An environment's variable with a value, also where it lies in memory. This text is none.
CREDENTIALS = re.compile(
    rb"(AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|CONTAINER_[A-Z_]+))=[^\0]"
)
_HIGHEST = 1 << 63  # above lies the kernel's own page, which no file's position reaches


def look(module: str) -> dict[str, Any]:
    """Return what this process sees."""
    shared = os.statvfs("/dev/shm")
    return {
        "module": module,
        "pid": os.getpid(),
        "environment": dict(os.environ),
        "writable": [folder for folder in FOLDERS if _may_write(folder)],
        "memory": next(p.read_text() for p in map(Path, MEMORY_LIMIT) if p.exists()),
        "shared": shared.f_blocks * shared.f_frsize,
        "processes": list(_processes()),
    }


def _may_write(folder: str) -> bool:
    path = Path(folder, "written")
    try:
        path.touch()
        path.unlink()
    except OSError:
        return False
    return True


def _processes() -> Iterator[dict[str, Any]]:
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError):  # it has just ended
            lines = (folder / "status").read_text().splitlines()
            status = {name: value.split() for name, _, value in (x.partition(":") for x in lines)}
            yield {
                "pid": int(folder.name),
                "command": (folder / "cmdline").read_text().split("\0")[:-1],
                "state": status["State"][0],
                "uids": status["Uid"],
                "capabilities": status["CapEff"][0],
                "is_held": status["NoNewPrivs"][0],
                "in_environment": _found(_environment(folder)),
                "in_memory": _found(_memory(folder)),
            }


def _found(pieces: Iterator[bytes]) -> list[str] | None:
    """Name the credentials in what can be read; None where nothing can, or nothing is left."""
    try:
        return sorted({name.decode() for piece in pieces for name in CREDENTIALS.findall(piece)})
    except (PermissionError, ProcessLookupError):
        return None


def _environment(folder: Path) -> Iterator[bytes]:
    yield (folder / "environ").read_bytes()


def _memory(folder: Path) -> Iterator[bytes]:
    with (folder / "maps").open() as maps, (folder / "mem").open("rb", buffering=0) as memory:
        for span, mode, *_ in map(str.split, maps):
            start, end = (int(each, 16) for each in span.split("-"))
            if mode.startswith("r") and end < _HIGHEST:
                memory.seek(start)
                with contextlib.suppress(OSError):  # a device's
                    yield memory.read(end - start)


for each in MODULES:
    if each in getattr(sys, "orig_argv", ()):
        # at once, so that nothing else gets into the line
        os.write(2, f"\n{MARK}{json.dumps(look(each))}\n".encode())
