"""What the lab hears where pretrained weights can't be had."""

from __future__ import annotations

import os
import textwrap

from dlc_batch_trainer.errors import InfrastructureError

WEIGHTS_RECORD = "DLC_BATCH_WEIGHTS_RECORD"  # names bake.py's record, in the image
#: Of a library's words on why: a mail is to be read (our choice).
_MOST_CAUSE = 150


def missing_weights(net_type: str, source: str, why: str, unit: str) -> InfrastructureError:
    """Return the error of weights that are missing or broken.

    Args:
        source: who did not give them.
        why: as a library says it; its first sentence is told.
        unit: epochs or iterations, of which a network needs more without them.
    """
    is_image = WEIGHTS_RECORD in os.environ  # only the image sets it
    where = "in the image" if is_image else "on this computer"
    return InfrastructureError(
        f"The pretrained weights of {net_type} can't be had: they are not {where}, and {source}"
        f" did not give them ({_cause(why)}).",
        f"{_IN_IMAGE if is_image else _AT_HOME} Or train from random weights, with many more"
        f" {unit}: `--weights random`, or `weights: random` in dlc-batch.yaml.",
    )


_IN_IMAGE = "Use an image with baked weights, or give the job a way to the internet."
_AT_HOME = "See that this computer reaches the internet, and send the project again."


def _cause(why: str) -> str:
    first_line = next((line for line in why.splitlines() if line.strip()), "no reason given")
    sentence = first_line.partition(". ")[0].strip().rstrip(".")
    return textwrap.shorten(sentence, _MOST_CAUSE, placeholder=" ...")
