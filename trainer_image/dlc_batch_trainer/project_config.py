"""The last word on config.yaml, mended by the core's rules: DeepLabCut's own schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deeplabcut.core.config import ProjectConfig  # type: ignore[import-untyped]  # has no types
from pydantic import ValidationError

from dlc_batch_trainer.errors import UserError


def require_valid(config: Mapping[str, Any]) -> None:
    """Refuse settings that DeepLabCut would refuse later: what no rule of ours foresaw.

    Raises:
        UserError: in DeepLabCut's words.
    """
    try:
        ProjectConfig.from_dict(dict(config))
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in error.errors()
        )
        raise UserError(
            f"DeepLabCut does not take config.yaml: {faults}.",
            "Mend these settings in config.yaml and upload the project again.",
        ) from error
