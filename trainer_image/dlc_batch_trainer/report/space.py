"""Poses in space, as the report shows them: of 3d/ beside it, whatever is there."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

from dlc_batch_core.follow_up import SPACE_FOLDER, VIEW_ENDING
from dlc_batch_core.words import percent, short
from dlc_batch_trainer.report.findings import Finding
from dlc_batch_trainer.report.tables import Row
from dlc_batch_trainer.three_d.task import CAMERAS_FILE, METHODS_FILE

#: Of the corners of the board (root mean square); DeepLabCut's guide to 3D asks for less than half
#: a pixel (Nath et al., 2019), and with more than one something was wrong (our choice).
_MOST_CALIBRATION_PX = 1.0
#: Views of a good network and calibration disagree by no more than the network's own error; by so
#: many times as much the calibration or the synchronisation is off (our choice).
_DISAGREEING = 2.0
#: Of a camera's predictions: a good network has fewer wrong ones (our choice).
_MOST_LEFT_OUT = 0.25
#: Standard error of a point, as a part of the animal (its body parts' distance from their mean),
#: above which poses tell little of it (our choice).
_MOST_UNCERTAIN = 0.25
#: Fewer points in space, and a lab would feel it (our choice).
_LEAST_SHARE = 0.8


@dataclass(frozen=True)
class SpaceRecording:
    """One recording."""

    name: str
    picture: str  # JPEG, base64; empty where there is not a single point to show
    head: Row
    rows: list[Row]
    findings: list[Finding]
    page: str  # the view that can be turned: a link from the report
    film: str  # likewise


@dataclass(frozen=True)
class Space:
    """All that is known of poses in space."""

    calibration: list[Row]
    distances_head: Row
    distances: list[Row]  # of the cameras' centres
    findings: list[Finding]  # of the calibration
    recordings: list[SpaceRecording]
    methods: str  # methods.txt


def read_space(folder: Path, test_px: float | None) -> Space | None:
    """Read what lies in 3d/; None where there is nothing.

    Args:
        folder: of the report.
        test_px: the network's error on its test frames.
    """
    place = folder / SPACE_FOLDER
    calibration = place / CAMERAS_FILE
    if not calibration.is_file():
        return None
    found = json.loads(calibration.read_text(encoding="utf-8"))
    return Space(
        calibration=[_camera_row(each) for each in found["cameras"]],
        distances_head=[
            "cameras",
            *(f"{w}, {found['unit']}" for w in ("distance", "standard error")),
        ],
        distances=[_distance_row(each) for each in found.get("baselines", [])],
        findings=[*_of_calibration(found["cameras"]), *map(Finding, found["notes"])],
        recordings=[_recording(path, test_px) for path in sorted(place.rglob("*_3d.json"))],
        methods=text.read_text(encoding="utf-8")
        if (text := place / METHODS_FILE).is_file()
        else "",
    )


def _camera_row(camera: Mapping[str, Any]) -> Row:
    error, images = camera.get("reprojection_px"), camera.get("images")
    return [
        camera["name"],
        None if error is None else f"{error:.2f}",
        None if images is None else str(images),
    ]


def _distance_row(baseline: Mapping[str, Any]) -> Row:
    pair = f"{baseline['first']} to {baseline['second']}"
    return [pair, f"{baseline['mm']:.4g}", short(baseline["error_mm"])]


def _of_calibration(cameras: list[Mapping[str, Any]]) -> Iterator[Finding]:
    for camera in cameras:
        error = camera.get("reprojection_px")
        if error is not None and error > _MOST_CALIBRATION_PX:
            yield Finding(
                f"The calibration of {camera['name']} misses the board's corners by"
                f" {error:.1f} px: lengths in space may be wrong.",
                "Take more images of the board, sharp ones, held still, all over the picture.",
            )


def _recording(path: Path, test_px: float | None) -> SpaceRecording:
    found = json.loads(path.read_text(encoding="utf-8"))
    stem = path.name.removesuffix(".json")
    picture = path.with_name(f"{stem}.jpg")
    unit = found["unit"]
    return SpaceRecording(
        name=found["name"],
        picture=base64.b64encode(picture.read_bytes()).decode() if picture.is_file() else "",
        head=["body part", "in space", f"standard error, {unit}", *_of_views(found["cameras"])],
        rows=list(_rows(found)),
        findings=[*_findings(found, test_px), *map(Finding, found["notes"])],
        page=quote(f"{SPACE_FOLDER}{found['name']}{VIEW_ENDING}"),
        film=quote(f"{SPACE_FOLDER}{found['name']}_3d.mp4"),
    )


def _of_views(cameras: list[str]) -> list[str | None]:
    return [f"{camera}, px" for camera in cameras]


def _rows(found: Mapping[str, Any]) -> Iterator[Row]:
    views = {(v["keypoint"], v["camera"]): v for v in found["quality"]["views"]}
    for each in found["quality"]["keypoints"]:
        name, error = each["keypoint"], each["standard_error"]
        errors = (views[name, camera]["median_error"] for camera in found["cameras"])
        yield [
            name,
            percent(each["triangulated"]),
            None if error is None else short(error),
            *(None if error is None else f"{error:.2f}" for error in errors),
        ]


def _findings(found: Mapping[str, Any], test_px: float | None) -> Iterator[Finding]:
    for camera, network in found.get("networks", {}).items():
        if run_id := network["run_id"]:
            yield Finding(
                f"The views of {camera} were seen by the network of the run {run_id}"
                f" ({network['scorer']}).",
                is_care=False,
            )
    quality = found["quality"]
    disagreement = _disagreement(quality)
    if disagreement is not None and test_px is not None and disagreement > _DISAGREEING * test_px:
        yield Finding(
            f"The views disagree as if each were wrong by {disagreement:.1f} px, more than the"
            f" network's error ({test_px:.1f} px) explains.",
            "The cameras may have moved since they were calibrated, or the videos may not have"
            " begun together (cameras.offsets in dlc-batch.yaml).",
        )
    for camera, left_out in _left_out(found):
        if left_out > _MOST_LEFT_OUT:
            yield Finding(
                f"Of what was predicted for {camera}, {percent(left_out)} does not fit the other"
                " cameras and was left out.",
                "It may have moved since it was calibrated, or its videos may not have begun with"
                " the others (cameras.offsets in dlc-batch.yaml); or look at its labelled videos.",
            )
    error, extent = quality["standard_error"], found.get("extent")
    if error is not None and extent is not None and error > _MOST_UNCERTAIN * extent:
        yield Finding(
            f"Half of the points have a standard error above {short(error)}, and the animal's body"
            f" parts lie {short(extent)} from their middle ({found['unit']}): the poses tell"
            " little of its shape.",
            "Look at how far the views disagree, and at the calibration; cameras that stand"
            " farther apart, at a right angle, tell more.",
        )
    share = quality["triangulated"]
    if share == 0:
        yield Finding(
            "There are no poses in space: no body part was seen surely by two cameras that"
            " agreed.",
            "Look at the labelled videos; a lower pcutoff lets in less sure predictions.",
        )
    elif share is not None and share < _LEAST_SHARE:
        yield Finding(
            f"Only {percent(share)} of the points are in space: the others were not seen surely by"
            " two cameras, or these disagreed.",
            "Look at the labelled videos; a lower pcutoff lets in less sure predictions.",
        )
    if len(found["cameras"]) == 2:
        yield Finding(
            "With two cameras a prediction that is wrong along the line on which the other camera"
            " sees the point goes unseen.",
            "A third camera tells.",
            is_care=False,
        )


def _disagreement(quality: Mapping[str, Any]) -> float | None:
    """Return the error of a prediction that explains how the views disagree, px; None: nothing.

    As the network's error is told: the length of what is missed, root of the mean square, and so
    the square root of two times a coordinate's. Reprojection errors are less than that, the more
    so the fewer the views: the point goes after them.
    """
    noise = [each["noise"] for each in quality["keypoints"] if each["noise"] is not None]
    return math.sqrt(2) * median(noise) if noise else None


def _left_out(found: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield each camera that predicted anything, and what share of it was left out."""
    for camera in found["cameras"]:
        shares = [v["left_out"] for v in found["quality"]["views"] if v["camera"] == camera]
        if told := [share for share in shares if share is not None]:
            yield camera, median(told)
