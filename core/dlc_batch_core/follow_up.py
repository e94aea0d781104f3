"""What was asked for after a training, and what came of it: videos, poses in space, the export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from dlc_batch_core.videos import VIDEO_FOLDER
from dlc_batch_core.words import percent, short

#: In results/.
SPACE_FOLDER = "3d/"
#: After a recording's name in it: the page on which its poses can be turned.
VIEW_ENDING = "_3d.html"
_IN_SPACE = (
    "recordings_asked",
    "recordings",
    "points_percent",
    "calibration_px",
    "reprojection_px",
    "error_mm",
)
_FEW_POINTS = 0.5  # a share (our choice): more are missing than there
_LIVE_FOLDERS = {"pytorch": "exported-models-pytorch/", "tensorflow": "exported-models/"}


@dataclass(frozen=True)
class FollowUp:
    """Of one shuffle."""

    videos_asked: int = 0
    videos: int = 0  # analysed
    labeled_asked: bool = False
    labeled: int = 0  # videos of which there is a copy with the points drawn
    export_asked: bool = False
    exported: bool = False
    recordings_asked: int = 0  # seen by several cameras
    recordings: int = 0  # of which there are poses in space
    calibration_px: float | None = None  # reprojection error of the corners (RMS)
    reprojection_px: float | None = None  # of the points of all recordings (median)
    error_mm: float | None = None  # standard error of a point in space (median)
    points_percent: float | None = None  # of all points of those recordings, how many are in space

    def to_dict(self) -> dict[str, float]:
        return {name: float(each) for name, each in asdict(self).items() if each is not None}

    @classmethod
    def from_dict(cls, value: Mapping[str, float]) -> FollowUp:
        """Read what `to_dict` wrote; of nothing, that nothing was asked for."""
        return cls(
            videos_asked=int(value.get("videos_asked", 0)),
            videos=int(value.get("videos", 0)),
            labeled_asked=bool(value.get("labeled_asked")),
            labeled=int(value.get("labeled", 0)),
            export_asked=bool(value.get("export_asked")),
            exported=bool(value.get("exported")),
            recordings_asked=int(value.get("recordings_asked", 0)),
            recordings=int(value.get("recordings", 0)),
            calibration_px=value.get("calibration_px"),
            reprojection_px=value.get("reprojection_px"),
            error_mm=value.get("error_mm"),
            points_percent=value.get("points_percent"),
        )

    @property
    def in_space(self) -> dict[str, float]:
        """What is known of poses in space, by field; nothing where no cameras were named."""
        known = self.to_dict() if self.recordings_asked else {}
        return {name: known[name] for name in _IN_SPACE if name in known}

    def sentences(self, engine: str = "pytorch") -> Iterator[str]:
        """Say what came of it; nothing where nothing was asked for."""
        if self.videos_asked:
            yield self._analysed()
        if self.videos and self.labeled_asked:
            yield self._labeled()
        if self.recordings_asked:
            yield self._in_space()
        if self.exported:
            yield f"The network for DeepLabCut-live lies in {_LIVE_FOLDERS[engine]} there."
        elif self.export_asked:
            yield "The network could not be exported for DeepLabCut-live; the notes below say why."

    def _analysed(self) -> str:
        asked = self.videos_asked
        if not self.videos:
            which = "The video" if asked == 1 else f"None of the {asked} videos"
            can = "could not" if asked == 1 else "could"
            return f"{which} {can} be analysed; the notes below say why."
        where = f"the predictions (.csv and .h5) lie in {VIDEO_FOLDER} of the results"
        if self.videos == asked:
            which = "The video was" if asked == 1 else f"All {asked} videos were"
            return f"{which} analysed: {where}."
        verb = "was" if self.videos == 1 else "were"
        return (
            f"{self.videos} of {asked} videos {verb} analysed: {where}. The notes below"
            f" say what became of the {'other' if asked - self.videos == 1 else 'others'}."
        )

    def _in_space(self) -> str:
        asked, made = self.recordings_asked, self.recordings
        if not made:
            return "There are no poses in space; the notes below say why."
        if made == asked:
            which = "the recording lie" if asked == 1 else f"all {asked} recordings lie"
        else:
            which = f"{made} of {asked} recordings (the notes below say why not of all) lie"
        known = [
            words.format(value, short(value))
            for words, value in (
                ("the cameras are calibrated to {0:.2f} px", self.calibration_px),
                ("the views agree to {0:.2f} px", self.reprojection_px),
                ("half of the points have a standard error below {1} mm", self.error_mm),
            )
            if value is not None
        ]
        measure = f": {', '.join(known)}" if known else ""
        return f"Poses in space of {which} in {SPACE_FOLDER} there{measure}.{self._how_many()}"

    def _how_many(self) -> str:
        if self.points_percent is None:
            return ""
        share = self.points_percent / 100
        text = f"{percent(share)} of the points are in space"
        if share >= _FEW_POINTS:
            return f" {text}."
        return f" Only {text}: the others were not seen surely in two views that agree."

    def _labeled(self) -> str:
        if self.labeled == self.videos:
            which = "It has" if self.videos == 1 else "Each has"
            return f"{which} a copy with the points drawn, beside them."
        if not self.labeled:
            return "No copy with the points drawn could be made; the notes below say why."
        return (
            f"{self.labeled} of them {'has' if self.labeled == 1 else 'have'} a copy with the"
            " points drawn, beside them; the notes below say what became of the others."
        )
