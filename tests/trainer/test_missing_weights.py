"""What a lab hears of weights that can't be had: one sentence, and what helps where it is."""

from __future__ import annotations

import pytest

from dlc_batch_trainer.missing_weights import missing_weights

#: As the hub's client has it.
NO_HUB = (
    "CSPNeXt: An error happened while trying to locate the file on the Hub and we cannot find the"
    " requested files in the local cache. Please check your connection and try again or make sure"
    " your Internet connection is on.\nTraceback: ..."
)
RECORD = "DLC_BATCH_WEIGHTS_RECORD"


def test_it_is_one_sentence_that_ends_with_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(RECORD, raising=False)
    error = missing_weights("cspnext_s", "https://huggingface.co", NO_HUB, "epochs")
    assert error.message == (
        "The pretrained weights of cspnext_s can't be had: they are not on this computer, and"
        " https://huggingface.co did not give them (CSPNeXt: An error happened while trying to"
        " locate the file on the Hub and we cannot find the requested files in the local"
        " cache)."
    )
    assert error.remedy == (
        "See that this computer reaches the internet, and send the project again. Or train from"
        " random weights, with many more epochs: `--weights random`, or `weights: random` in"
        " dlc-batch.yaml."
    )


def test_a_long_cause_is_cut_between_words() -> None:
    cause = " ".join(f"word{n}" for n in range(100))
    message = missing_weights("resnet_50", "the hub", cause, "epochs").message
    told = message.partition("(")[2].removesuffix(" ...).").split()
    assert told == cause.split()[: len(told)]
    assert len(message) < 300


def test_in_an_image_it_speaks_of_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RECORD, "/var/cache/dlc-batch/weights.json")
    error = missing_weights("resnet_50", "DeepLabCut's source", "", "iterations")
    assert "they are not in the image, and DeepLabCut's source" in error.message
    assert error.message.endswith("(no reason given).")
    assert error.remedy.startswith("Use an image with baked weights")
    assert "many more iterations" in error.remedy
