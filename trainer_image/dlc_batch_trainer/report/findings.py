"""What can set a network's verdict apart: each rule with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dlc_batch_core.words import counted, listed, percent
from dlc_batch_trainer.report.facts import Facts
from dlc_batch_trainer.report.grade import (
    MISSED_SHARE,
    ORDER,
    TOO_FEW_FRAMES,
    Grade,
    grade_of,
    grade_of_error,
    has_learned,
    wrong_points,
)

#: A span that is so much of the frame is hardly an animal's, or one that is so little its whole
#: body's (our choices).
_LARGE_SPAN, _SMALL_SPAN = 0.6, 0.03
#: With fewer frames, or videos, a 95 % bootstrap interval is narrower than it says: of skewed
#: errors, as these are, it holds the truth in 81 % of draws of 5 frames, 89 % of 10, 91 % of 20
#: (measured).
FEW = 20
#: So few videos tell little of others, however many their frames are (our choice).
FEW_VIDEOS = 3
#: Test error over training error. DeepLabCut's guide asks for similar ones; twice is not, where
#: the difference can be seen at all: a pixel is what labels are placed by.
OVERFIT_RATIO, OVERFIT_PX = 2.0, 1.0
#: Shares of labelled points that a lab would feel in each tracking (our choices): sure and yet
#: wrong; found, but dropped by pcutoff.
WRONG_SHARE, UNSURE_SHARE = 0.05, 0.20
#: A body part whose error is so many times that of all stands out (our choice).
OUTSTANDING_RATIO = 2.0
#: The best snapshot among the last tenth: the error was still falling (our choice).
STILL_FALLING = 0.9


@dataclass(frozen=True)
class Finding:
    """Something to know before the network is used."""

    text: str
    advice: str = ""
    is_care: bool = True  # False: only told


def find(facts: Facts) -> Iterator[Finding]:
    """Yield what the rules find, in the order in which it is told."""
    if facts.was_evaluated:
        yield from _of_learning(facts)
        yield from _of_test_frames(facts)
        yield from _of_videos(facts)
        yield from _of_interval(facts)
        yield from _of_scale(facts)
        yield from _of_fit(facts)
        yield from _of_points(facts)
        yield from _of_body_parts(facts)
    yield from _of_length(facts)


def _of_learning(facts: Facts) -> Iterator[Finding]:
    """Whether it has learned at all, and what it began from where it is poor."""
    if not has_learned(facts):
        yield Finding(
            "It has not learned: on the frames that it trained on it is off by"
            f" {facts.train_px:.1f} px in the mean, which is more than half the animal.",
            "Train longer, before you look for faults in the labels.",
        )
    if facts.weights == "random" and grade_of(facts) is Grade.POOR:
        yield Finding(
            "It began from random weights, which takes many more frames and"
            f" {facts.unit} than to begin from pretrained ones.",
            "Begin from `weights: pretrained`, where they can be had.",
        )


def _of_test_frames(facts: Facts) -> Iterator[Finding]:
    if 0 < facts.test_frames < TOO_FEW_FRAMES:
        yield Finding(
            f"The error may be luck: there {_are(facts.test_frames, 'test frames')}.",
            "Label more frames, or lower TrainingFraction in config.yaml.",
        )
    elif 0 < facts.scored_frames < TOO_FEW_FRAMES:
        yield Finding(
            f"The error may be luck: something was found on {facts.scored_frames} of the"
            f" {counted(facts.test_frames, 'test frames')} only.",
            "Train longer, or label more.",
        )
    elif facts.resampled is not None and facts.split == "stretch" and _are_neighbours(facts):
        yield Finding(
            f"The interval is of {counted(*facts.resampled)} in few stretches of neighbouring"
            " frames, which are not independent: it is too narrow.",
            "Label frames of more videos: then whole videos are kept back for the test.",
        )
    elif facts.resampled is not None and facts.resampled[0] < FEW:
        yield Finding(
            f"The interval is of {counted(*facts.resampled)}, and likely to be too narrow.",
            f"With {FEW} or more it holds what it says.",
        )


def _are_neighbours(facts: Facts) -> bool:
    """Whether what was resampled for the interval stands in a row in a recording."""
    return facts.resampled is not None and facts.resampled[1] in ("instants", "frames")


def _are(count: int, things: str) -> str:
    return f"{'is' if count == 1 else 'are'} only {counted(count, things)}"


def _of_videos(facts: Facts) -> Iterator[Finding]:
    """What the test frames tell of new videos: by what was trained on, whoever split them."""
    seen = facts.test_frames_of_trained
    if not facts.test_frames:
        return
    if seen and facts.split == "stretch":
        yield Finding(
            "The test frames are stretches of recordings that it trained on; a new recording may"
            " be harder.",
            is_care=False,
        )
    elif seen:
        which = "The" if seen == facts.test_frames else f"{seen} of the {facts.test_frames}"
        yield Finding(
            f"{which} test frames are single frames of videos that it trained on, so the error on"
            " a new video is likely to be larger.",
            "Label frames of more videos: then whole videos are kept back for the test."
            if facts.split != "home"
            else "The project was split so at home: train another shuffle, and whole videos are"
            " kept back for the test.",
        )
    else:
        few = facts.test_videos < FEW_VIDEOS
        yield Finding(
            f"The test frames are of {counted(facts.test_videos, 'videos')} that it never saw"
            + (": too few to tell how much videos differ." if few else "."),
            "Look at how it does on another one before you rely on it." if few else "",
            is_care=few,
        )


def _of_interval(facts: Facts) -> Iterator[Finding]:
    if facts.interval is None or facts.scale is None or grade_of(facts) is Grade.UNKNOWN:
        return
    worse = grade_of_error(facts.interval[1], facts.scale)
    if ORDER.index(worse) > ORDER.index(grade_of(facts)):
        yield Finding(
            f"The interval reaches to {facts.interval[1]:.1f} px, which would be {worse}: more"
            " test frames would tell.",
        )


def _of_scale(facts: Facts) -> Iterator[Finding]:
    """Whether what the error is measured against can be an animal at all."""
    scale = facts.scale
    if scale is None or not scale.is_animal or scale.of_frame is None:
        return
    share = f"{percent(scale.of_frame)} of the frame's diagonal"
    if scale.of_frame > _LARGE_SPAN:
        yield Finding(
            f"The labelled points span {share}: if some are not of the animal (corners of the"
            " arena, say), the verdict is too kind.",
            "Judge by the error in pixels.",
        )
    elif scale.of_frame < _SMALL_SPAN:
        yield Finding(
            f"The labelled points span {share} only: if they are of a small part of the animal,"
            " the verdict is too strict.",
            "Judge by the error in pixels.",
        )


def _of_fit(facts: Facts) -> Iterator[Finding]:
    test, train = facts.test_like_train_px, facts.train_px
    if test is None or train is None:
        return
    if test > OVERFIT_RATIO * train and test - train > OVERFIT_PX:
        yield Finding(
            f"It knows its training frames better than others: {train:.1f} px against"
            f" {test:.1f} px on test frames (overfitting).",
            "Label frames that differ from those you have: other animals, light, postures.",
        )


def _of_points(facts: Facts) -> Iterator[Finding]:
    points = facts.points
    if not points:
        return
    if facts.is_nearest:
        yield Finding(
            "Each label was scored by the detection nearest to it, whichever animal it would have"
            " been put to: mixed up animals are in no figure here.",
            "Look at a labeled video; the PyTorch engine's scores count them.",
        )
    found = [point for point in points if point.error_px is not None]
    missed = len(points) - len(found)
    sure = [point for point in found if point.is_sure(facts.pcutoff)]
    if missed:
        yield Finding(
            f"Nothing was found for {_part(missed, points)} of the labelled points. They are in no"
            " mean error.",
            is_care=missed > MISSED_SHARE * len(points),
        )
    wrong = wrong_points(facts)
    if wrong:
        yield Finding(
            f"It was sure and wrong at {_part(len(wrong), sure)} of the points above pcutoff"
            f" ({facts.pcutoff:g}): farther off than a tenth of the animal.",
            "Look at them below; pcutoff alone will not sort such points out.",
            is_care=len(wrong) > WRONG_SHARE * len(sure),
        )
    unsure = len(found) - len(sure)
    if unsure > UNSURE_SHARE * len(points):
        yield Finding(
            f"{_part(unsure, points)} of the labelled points were found with a confidence below"
            f" pcutoff ({facts.pcutoff:g}), and would be left out of an analysis.",
            "Train longer or label more; or choose another pcutoff by the figure below."
            if sure
            else "Train longer or label more.",
        )


def _of_body_parts(facts: Facts) -> Iterator[Finding]:
    if not facts.test_px or len(facts.body_parts) < 2:
        return
    far = [
        (error, name)
        for name, error in facts.body_parts.items()
        if error is not None and error > OUTSTANDING_RATIO * facts.test_px
    ]
    never = [name for name, error in facts.body_parts.items() if error is None]
    if far:
        named = listed(name for _, name in sorted(far, reverse=True))
        yield Finding(
            f"Much worse than the others: {named}.",
            "Check whether these were labelled at the same place in all frames."
            if has_learned(facts)
            else "",
        )
    if never:
        yield Finding(
            f"No test frame tells anything of: {listed(never)}.",
            "They were not labelled there, or not found.",
        )


def _of_length(facts: Facts) -> Iterator[Finding]:
    unit = facts.unit
    if facts.done < facts.total:
        yield Finding(
            f"The training was ended after {counted(facts.done, unit)} of {facts.total}.",
            "A longer training may do better.",
        )
    elif facts.was_chosen and facts.taken >= STILL_FALLING * facts.total:
        yield Finding(
            "The error on the validation frames was least at the end of the training"
            f" (after {counted(facts.taken, unit)} of {facts.total}).",
            f"More {unit} may do better.",
            is_care=False,
        )
    if not facts.was_chosen and facts.total:
        why = (
            "the training ended before validation had run"
            if facts.validation_frames
            else "there were no validation frames to choose by"
        )
        yield Finding(f"The last snapshot was taken: {why}.", is_care=False)


def _part(count: int, of: Sequence[object]) -> str:
    return f"{count} of {len(of)}"
