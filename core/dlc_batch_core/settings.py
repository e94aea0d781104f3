"""DeepLabCut's own settings that a lab may set: the allow-list of pytorch_config.yaml.

A setting is named by its dotted path. Only numbers, switches and a few named choices pass, so
that no setting can name a file, a class to import or an address.
"""

from __future__ import annotations

import math
import re

#: Patterns over the whole dotted path; `*` is one part, `**` the rest.
_NUMERIC = (
    "data.train.**",  # augmentation and crop: probabilities, sizes, ranges
    "data.inference.**",
    "data.bbox_margin",
    "train_settings.batch_size",
    "train_settings.dataloader_workers",
    "train_settings.dataloader_pin_memory",
    "train_settings.display_iters",
    "train_settings.epochs",
    "train_settings.seed",
    "runner.eval_interval",
    "runner.optimizer.params.*",
    "runner.scheduler.params.*",
    "runner.snapshots.max_snapshots",
    "runner.snapshots.save_epochs",
    "detector.data.train.**",
    "detector.train_settings.batch_size",
    "detector.train_settings.epochs",
    "detector.runner.optimizer.params.*",
)
_CHOICES = {
    "runner.optimizer.type": ("AdamW", "Adam", "SGD", "RMSprop"),
    "runner.scheduler.type": ("LRListScheduler", "CosineAnnealingLR", "StepLR"),
    "data.train.crop_sampling.method": ("uniform", "keypoints", "density", "hybrid"),
}
#: Whole numbers from 1: with none of them there is no training.
_COUNTS = (".batch_size", ".epochs", ".eval_interval", ".max_snapshots", ".save_epochs")
#: Deeper or longer values stand in no setting of DeepLabCut's.
_MAX_DEPTH, _MAX_LENGTH = 3, 100


def _expression(pattern: str) -> re.Pattern[str]:
    escaped = re.escape(pattern).replace(r"\*\*", r".+").replace(r"\*", r"[^.]+")
    return re.compile(escaped)


_EXPRESSIONS = tuple(_expression(pattern) for pattern in _NUMERIC)


def allowed_settings() -> tuple[str, ...]:
    """Return the patterns of the allow-list, for the documentation."""
    return tuple(sorted({*_NUMERIC, *_CHOICES}))


def is_allowed_path(path: str) -> bool:
    """Whether a lab may set the setting of this dotted path."""
    return path in _CHOICES or any(each.fullmatch(path) for each in _EXPRESSIONS)


def is_allowed_setting(path: str, value: object) -> bool:
    """Whether a lab may set this setting to this value."""
    if path in _CHOICES:
        return value in _CHOICES[path]
    if path.endswith(_COUNTS):
        return isinstance(value, int) and not isinstance(value, bool) and value >= 1
    return is_allowed_path(path) and _is_plain(value)


def _is_plain(value: object, depth: int = 0) -> bool:
    if isinstance(value, list | tuple):
        fits = depth < _MAX_DEPTH and len(value) <= _MAX_LENGTH
        return fits and all(_is_plain(each, depth + 1) for each in value)
    is_finite = isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
    return value is None or isinstance(value, bool) or is_finite
