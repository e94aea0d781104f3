"""What a paper's methods section says of poses in space, and what it cites."""

from __future__ import annotations

import textwrap

import cv2

from dlc_batch_cameras.of_project import Calibrated
from dlc_batch_core.cameras import DEEPLABCUT_BOARD, Cameras
from dlc_batch_core.words import counted, listed

_ZHANG = "Zhang (2000), IEEE Trans. Pattern Anal. Mach. Intell. 22:1330-1334"
_TRIGGS = "Triggs et al. (2000), Vision Algorithms: Theory and Practice, 298-372"
_HARTLEY = "Hartley and Sturm (1997), Comput. Vis. Image Underst. 68:146-157"
_FISCHLER = "Fischler and Bolles (1981), Commun. ACM 24:381-395"


def methods_text(found: Calibrated, cameras: Cameras) -> str:
    """Write how the cameras were calibrated, and how their views are put together.

    Args:
        found: the calibration.
        cameras: of the request.
    """
    several = len(found.group) > 2
    sentences = [_calibration(found, cameras), _triangulation(several), _constraints(cameras)]
    paragraph = textwrap.fill(" ".join(filter(None, sentences)), 99)
    cited = [
        *([_ZHANG, _TRIGGS] if found.calibration else []),
        _HARTLEY,
        *([_FISCHLER] if several else []),
    ]
    return "\n".join([paragraph, "", "References", *cited, ""])


def _calibration(found: Calibrated, cameras: Cameras) -> str:
    names = f"The {len(found.group)} cameras ({listed(found.group.names)})"
    if (made := found.calibration) is None:
        return f"{names} had been calibrated before."
    board = cameras.board or DEEPLABCUT_BOARD
    side = f", squares of {board.square_mm:g} mm" if board.square_mm else ""
    return (
        f"{names} were calibrated by {counted(made.moments, 'moments')} of a board ({board}{side})"
        f" with OpenCV {cv2.__version__} (Zhang, 2000) and a robust bundle adjustment"
        f" (Triggs et al., 2000), to a reprojection error of {made.total_rms_px:.2f} px (root mean"
        " square)."
    )


def _triangulation(several: bool) -> str:
    agreeing = (
        " Of the views of a point, those were used that agree (Fischler and Bolles, 1981)."
        if several
        else " Two views that disagree gave no point."
    )
    return (
        "Points in space are those of the least reprojection error, weighted by the confidence of"
        f" the predictions, from a linear start (Hartley and Sturm, 1997).{agreeing}"
    )


def _constraints(cameras: Cameras) -> str:
    limbs = ", ".join(" to ".join(limb) for limb in cameras.limbs)
    held = f"The lengths of limbs ({limbs}) were taken to change little." if limbs else ""
    smooth = "Tracks were smoothed over time." if cameras.smooth else ""
    return f"{held} {smooth}".strip()
