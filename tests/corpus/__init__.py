"""Broken and odd projects, made from good ones, with what the check must say of each."""

from tests.corpus import (
    archive_cases,
    camera_cases,
    config_cases,
    image_cases,
    label_cases,
    openfield_cases,
)
from tests.corpus.case import CASES, Case

__all__ = ["CASES", "Case"]
# they add cases
_ = (archive_cases, camera_cases, config_cases, image_cases, label_cases, openfield_cases)
