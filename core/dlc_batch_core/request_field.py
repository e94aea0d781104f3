"""What a key of dlc-batch.yaml takes: the pieces that its schema is made of."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class RequestField:
    """One key of dlc-batch.yaml, or of a section of it."""

    name: str
    expects: str  # in words, for messages and the documentation
    doc: str
    accepts: Callable[[object], bool]
    example: str
    fields: tuple[RequestField, ...] = ()  # of a section: its own keys


def is_count(value: object, most: int, least: int = 1) -> bool:
    """Whether it is a whole number of a range."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def is_number(value: object, least: float, most: float) -> bool:
    """Whether it is a number of a range."""
    is_plain = isinstance(value, int | float) and not isinstance(value, bool)
    return is_plain and not math.isnan(value) and least <= value <= most  # type: ignore[arg-type,operator]


def is_switch(value: object) -> bool:
    """Whether it is true or false."""
    return isinstance(value, bool)


def is_section(value: object) -> bool:
    """Whether it holds keys of its own."""
    return isinstance(value, dict) and all(isinstance(key, str) for key in value)
