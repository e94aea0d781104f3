"""Reads the train/test split out of DeepLabCut's Documentation pickle, which nobody may trust.

A program of its own, started by home_split.py: the pickle on stdin, one JSON object on stdout.

    {"frames": ["labeled-data/<video>/<image>", ...], "train": [0, ...], "test": [2, ...]}
    {"refused": "why"}

DeepLabCut writes [frames that train, train rows, test rows, fraction]. Four walls, each enough
against what is known, stand around the reading:

- the unpickler knows the few constructors in NAMES and no other name, no persistent id and no
  extension; and even these are not NumPy's, but stand-ins that only keep what they are given;
- this file imports the standard library only, and runs without site-packages and environment
  (`python -I -S`): there is no NumPy to misuse, and no credential to find;
- the operating system limits its memory and time, and lets it write no file and open none;
- the answer is plain strings and integers, and of a limited size.
"""

from __future__ import annotations

import contextlib
import io
import json
import pickle
import resource
import sys
from collections.abc import Callable
from typing import Any

#: DeepLabCut writes about 130 bytes a frame and animal: 50,000 frames of ten animals.
MAX_BYTES = 64 * 1024**2
#: Objects take up to ten times the bytes of their pickle; above, it is a bomb and no project.
MAX_MEMORY = 1024**3
MAX_CPU_SECONDS = 6  # the largest takes about two
MAX_ROWS = 100_000  # frames; labs have thousands
MAX_NAME = 512  # characters of an image's path in the project

_WORD_SIZES = {"1": 1, "2": 2, "4": 4, "8": 8}


class NotASplitError(Exception):
    """It is not what DeepLabCut writes."""


class DType:
    """Stands in for numpy.dtype."""

    __slots__ = ("big", "code")

    def __init__(self, code: object = "", *_: object) -> None:
        self.code, self.big = code, False

    def __setstate__(self, state: Any) -> None:
        self.big = state[1] == ">"  # (version, byte order, ...)


class Array:
    """Stands in for numpy.ndarray and NumPy's scalars: bytes, and how to read them."""

    __slots__ = ("dtype", "raw")

    def __init__(self, dtype: object = None, raw: object = b"") -> None:
        self.dtype, self.raw = dtype, raw

    def __setstate__(self, state: Any) -> None:
        _, _, self.dtype, _, self.raw = state  # version, shape, dtype, is Fortran's order, bytes


def _from_buffer(raw: object, dtype: object, *_: object) -> Array:
    return Array(dtype, raw)


def _reconstruct(*_: object) -> Array:
    return Array()


def _ndarray(*_: object) -> None:
    raise NotASplitError("it makes an array in a way that NumPy does not")


#: All that DeepLabCut's file names, as NumPy 1 (core) and NumPy 2 (_core) spell it.
NAMES: dict[tuple[str, str], Callable[..., object]] = {
    ("numpy", "dtype"): DType,
    ("numpy", "ndarray"): _ndarray,  # only ever an argument of _reconstruct
    **{
        (f"numpy.{core}.{module}", name): make
        for core in ("core", "_core")
        for module, name, make in (
            ("multiarray", "_reconstruct", _reconstruct),
            ("multiarray", "scalar", Array),
            ("numeric", "_frombuffer", _from_buffer),
        )
    },
}


class SplitUnpickler(pickle.Unpickler):
    """Refuses every name but DeepLabCut's; the base class refuses persistent ids."""

    def find_class(self, module: str, name: str, /) -> Any:
        if (module, name) not in NAMES:
            raise NotASplitError(f"it names {module[:80]}.{name[:80]}")
        return NAMES[module, name]


def read_split(content: bytes) -> dict[str, list[str] | list[int]]:
    """Read the split, without a limit on memory and time: only main() sets those.

    Raises:
        Exception: any, for a pickle that is broken or hostile.
    """
    value = SplitUnpickler(io.BytesIO(content)).load()
    if not isinstance(value, list | tuple) or len(value) != 4 or not isinstance(value[0], list):
        raise NotASplitError("it does not hold a split")
    frames, train, test, _ = value
    if len(frames) > MAX_ROWS:
        raise NotASplitError("it has too many frames")
    return {
        "frames": [_image(frame) for frame in frames],
        "train": _integers(train),
        "test": _integers(test),
    }


def _image(frame: object) -> str:
    image = frame.get("image") if isinstance(frame, dict) else None
    parts = image if isinstance(image, tuple) else (image,)
    if not 1 <= len(parts) <= 3 or not all(isinstance(part, str) for part in parts):
        raise NotASplitError("a frame has no image")
    if sum(len(part) for part in parts) > MAX_NAME:
        raise NotASplitError("the name of an image is too long")
    return "/".join(parts).replace("\\", "/")  # older versions wrote a path of the lab's system


def _integers(value: object) -> list[int]:
    if isinstance(value, Array):
        return _decoded(value)
    if not isinstance(value, list | tuple) or len(value) > MAX_ROWS:
        raise NotASplitError("it has no list of rows")
    return [_integer(each) for each in value]


def _integer(value: object) -> int:
    (number,) = _decoded(value) if isinstance(value, Array) else (value,)
    if type(number) is not int or abs(number) > 2**63:
        raise NotASplitError("a row's number is no number")
    return number


def _decoded(array: Array) -> list[int]:
    raw, dtype = array.raw, array.dtype
    if not isinstance(raw, bytes | bytearray) or not isinstance(dtype, DType):
        raise NotASplitError("an array is no plain array")
    if not raw:
        return []
    code = dtype.code if isinstance(dtype.code, str) else ""
    size = _WORD_SIZES.get(code[1:], 0) if code[:1] in ("i", "u") else 0
    if not size or len(raw) % size or len(raw) > MAX_ROWS * size:
        raise NotASplitError("the rows are no list of whole numbers")
    words = (raw[i : i + size] for i in range(0, len(raw), size))
    order, signed = "big" if dtype.big else "little", code[0] == "i"
    return [int.from_bytes(word, order, signed=signed) for word in words]  # type: ignore[arg-type]


def _confine() -> None:
    """Let this process have little memory and time, write no file and open none."""
    for kind, most in (
        (resource.RLIMIT_AS, MAX_MEMORY),
        (resource.RLIMIT_CPU, MAX_CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 3),
    ):
        resource.setrlimit(kind, (most, most))


def main() -> None:
    """Read stdin, answer on stdout. Whatever goes wrong is an answer, or the process's end."""
    _confine()
    content = sys.stdin.buffer.read(MAX_BYTES + 1)
    answer: object = {"refused": f"it is larger than {MAX_BYTES // 1024**2} MiB"}
    if len(content) <= MAX_BYTES:
        try:
            answer = read_split(content)
        except Exception as error:  # a hostile pickle may raise anything
            why = str(error) if isinstance(error, NotASplitError) else type(error).__name__
            answer = {"refused": why}
    with contextlib.suppress(MemoryError):
        print(json.dumps(answer))


if __name__ == "__main__":
    main()
