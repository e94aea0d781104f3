"""Whether cameras can be calibrated, and their videos put together: told by names and headers.

No image is decoded: whether the board is seen on them the calibration itself finds out.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

from dlc_batch_core.archive import CONFIG_FILE
from dlc_batch_core.calibration_files import images_or_videos
from dlc_batch_core.camera_fields import LEAST_CAMERAS, MOST_CAMERAS, find_contradictions
from dlc_batch_core.cameras import CALIBRATION_IMAGES, DEEPLABCUT_BOARD, Cameras
from dlc_batch_core.catalogue import problem
from dlc_batch_core.checks.images import Size, read_size
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.member_names import fold
from dlc_batch_core.problems import Problem
from dlc_batch_core.project import Project
from dlc_batch_core.project_files import ProjectFiles
from dlc_batch_core.request import REQUEST_FILE, Request
from dlc_batch_core.sizes import have_one_form
from dlc_batch_core.three_d import Project3D
from dlc_batch_core.videos import Video, is_video
from dlc_batch_core.views import (
    Views,
    calibration_files,
    calibration_views,
    find_views,
    recordings,
)
from dlc_batch_core.words import counted, listed, shown

#: Zhang's method (2000) needs three views of a plane; of fewer than eight each bad one counts.
LEAST_MOMENTS, FEW_MOMENTS = 3, 8
#: Of calibration images (our choice): hundreds are many, and a whole video's frames are a slip.
MOST_IMAGES = 10_000
#: Heads of calibration images that are read from afar, each of them a request.
MOST_REMOTE_HEADS = 4

#: Why no 3D project names the cameras.
NO_3D_PROJECT = "no 3D project with cameras lies beside the project"
FAULTY_3D_PROJECT = "those of the 3D project are not used, as is said of it"
SEVERAL_3D_PROJECTS = "which of several 3D projects belongs to the project can't be told"


def find_camera_problems(
    cameras: Cameras,
    request: Request,
    files: ProjectFiles,
    labelled: Mapping[str, Set[Size]],
    why_nameless: str = NO_3D_PROJECT,
) -> Iterator[Problem]:
    """Find what of the calibration, and of the triangulation, can't go well.

    Args:
        cameras: of the request, filled in from a 3D project.
        request: which videos are analysed.
        files: of the project.
        labelled: the sizes of labelled frames by their folder's name.
        why_nameless: why no 3D project names the cameras, where the request does not.
    """
    if not cameras.names:
        what = f"`cameras` has no `names`, and {why_nameless}."
        yield problem("cameras-names", REQUEST_FILE, what)
        return
    filled: dict[str, object] = {"names": list(cameras.names), "offsets": cameras.offsets}
    filled["networks"] = cameras.networks
    for what, remedy in find_contradictions(filled):  # those of the 3D project are known now
        yield problem("request-value", REQUEST_FILE, what, remedy)
    if cameras.folder is None:
        yield from _problems_of_file(cameras, files)
    else:
        yield from _Pictures(cameras, files, cameras.folder, labelled).find_problems()
    of_board = set(calibration_files(cameras, files.paths))
    videos = request.videos(files.paths)
    if asked := [video.path for video in videos if video.path in of_board]:
        what = f"`analyze_videos` names videos of the calibration: {listed(asked)}."
        yield problem("video-of-calibration", REQUEST_FILE, what)
    if request.triangulate:
        others = [video for video in videos if video.path not in of_board]
        yield from _problems_of_videos(cameras, request, others)


def find_unasked_calibration(files: ProjectFiles) -> list[Problem]:
    """Find calibration images, or videos, of a project that names no cameras."""
    found = calibration_files(Cameras(), files.paths)
    what = f"{counted(len(found), 'files')} for a calibration, and no cameras."
    place = files.shown(f"{CALIBRATION_IMAGES}/")
    return [problem("cameras-not-asked", place, what)] if found else []


def find_limb_problems(cameras: Cameras, project: Project) -> list[Problem]:
    """Find limbs whose ends are no body parts."""
    known = [*project.body_parts, *project.unique_parts]
    if len(cameras.networks) > 1:  # two views of an earlier network may have parts of their own
        return []
    ends = dict.fromkeys(end for limb in cameras.limbs for end in limb)
    unknown = [end for end in ends if end not in known]
    if not unknown:
        return []
    what = f"`cameras.limbs` names {listed(unknown)}: not among the project's body parts."
    near = difflib.get_close_matches(unknown[0], known, n=1, cutoff=0.5)
    remedy = f"Did you mean `{shown(near[0])}`?" if near else f"They are: {listed(known, 30)}."
    return [problem("request-value", REQUEST_FILE, what, remedy)]


def problem_of_names(project: Project3D) -> Problem:
    """Return the problem of a 3D project whose cameras can't be used."""
    what = "The cameras of this 3D project are not used: `camera_names` is no list of"
    what += f" {LEAST_CAMERAS} to {MOST_CAMERAS} different names, or not of `num_cameras` many."
    return problem("project-3d-cameras", project.root + CONFIG_FILE, what)


def _problems_of_file(cameras: Cameras, files: ProjectFiles) -> Iterator[Problem]:
    name = str(cameras.calibration)
    if name in files:
        return
    near = [each for each in files.paths if fold(each) == fold(name)]
    near = near or [each for each in files.paths if each.endswith(f"/{name.rpartition('/')[2]}")]
    what = f"`cameras.calibration` names {shown(name)}, which is not in the zip."
    remedy = f"Did you mean `{shown(near[0])}`? Else add the file." if near else ""
    yield problem("cameras-calibration", REQUEST_FILE, what, remedy)


@dataclass(frozen=True)
class _Pictures:
    """The calibration images of a project, or its calibration videos."""

    cameras: Cameras
    files: ProjectFiles
    folder: str
    labelled: Mapping[str, Set[Size]]  # sizes of labelled frames by their folder's name

    @cached_property
    def paths(self) -> tuple[str, ...]:
        return calibration_files(self.cameras, self.files.paths)

    @property
    def are_videos(self) -> bool:
        return bool(self.paths) and is_video(self.paths[0])

    @property
    def kind(self) -> str:
        return "video" if self.are_videos else "image"

    @property
    def aside(self) -> str:
        """A word on videos that are not looked at."""
        there = (path for path in self.files.paths if path.startswith(f"{self.folder}/"))
        is_mixed = not self.are_videos and any(map(is_video, there))
        return " Videos count only where there is no image in the folder." if is_mixed else ""

    @property
    def place(self) -> str:
        """The folder, as the lab knows it."""
        return self.files.shown(f"{self.folder}/")

    def find_problems(self) -> Iterator[Problem]:
        yield from self._problems_of_board()
        if (count := len(self.paths)) > MOST_IMAGES:
            what = f"There are {count:,} calibration {self.kind}s; at most {MOST_IMAGES:,} are"
            what += " taken."
            yield problem("cameras-too-many-images", self.place, what)
            return
        views = calibration_views(self.cameras, self.files.paths)
        if not views.moments:
            yield self._none(views)
            return
        yield from self._problems_of_names(views)
        yield from self._problems_of_amount(views)
        yield from self._problems_of_content(views)

    def _problems_of_board(self) -> Iterator[Problem]:
        board, names = self.cameras.board, ", ".join(self.cameras.names)
        if board is None:
            what = f"No board is described for the cameras {names}: one of {DEEPLABCUT_BOARD} is"
            what += " looked for, as DeepLabCut does, and lengths come in its squares."
            yield problem("cameras-board", REQUEST_FILE, what)
        elif board.square_mm is None:
            what = "`cameras.board` has no `square_mm`, so lengths come in its squares."
            remedy = "Add `square_mm`, measured on the print."
            yield problem("cameras-board", REQUEST_FILE, what, remedy)

    def _none(self, views: Views) -> Problem:
        if not views.strangers:
            what = "There is no calibration image here, and no calibration video."
            folders = {path.rpartition("/")[0] for path in self.files.paths}
            near = [each for each in sorted(folders) if self._is_near(each)]
            remedy = f"Did you mean `calibration: {shown(near[0])}`?" if near else ""
            return problem("cameras-calibration", self.place, what, remedy)
        what = f"No calibration {self.kind} has a camera's name in its own:"
        what += f" {self._listed(views.strangers)} are there, and the cameras are"
        what += f" {listed(self.cameras.names)}.{self.aside}"
        return problem("camera-without-images", self.place, what)

    def _problems_of_names(self, views: Views) -> Iterator[Problem]:
        if views.strangers:
            what = f"Calibration {self.kind}s whose names tell no camera:"
            what += f" {self._listed(views.strangers)}."
            yield problem("camera-image-unknown", self.place, what)
        if views.doubles:
            pairs = listed(f"{self._name(a)} and {self._name(b)}" for a, b in views.doubles)
            what = f"Two calibration {self.kind}s are the same view by their names: {pairs}. The"
            what += " first"
            yield problem("camera-image-twice", self.place, f"{what} is taken.")
        if views.alone and views.shared:
            what = f"Calibration {self.kind}s without a partner: {self._listed(views.alone)}."
            yield problem("camera-image-alone", self.place, what)

    def _problems_of_amount(self, views: Views) -> Iterator[Problem]:
        there = [name for name in self.cameras.names if views.of(name)]
        if len(there) < len(self.cameras.names):
            empty = [name for name in self.cameras.names if name not in there]
            what = f"There is no calibration {self.kind} of {listed(empty)}.{self.aside}"
            yield problem("camera-without-images", self.place, what)
        if apart := _apart(views, there):
            what = f"No {self.kind} of {listed(apart)} has the name of one of {there[0]}, but for"
            what += (
                " the camera's, nor by way of other cameras: none is known to show the same time."
            )
            yield problem("cameras-apart", self.place, what)
        count = len(views.shared)
        if count < FEW_MOMENTS and len(there) > 1 and not apart and not self.are_videos:
            code = "cameras-few-moments" if count >= LEAST_MOMENTS else "cameras-too-few-moments"
            what = f"Two or more cameras have images of {counted(count, 'moments')} only."
            yield problem(code, self.place, what)

    def _problems_of_content(self, views: Views) -> Iterator[Problem]:
        sizes, broken = self._look_at_videos(views) if self.are_videos else self._read_sizes(views)
        if broken:
            what = f"These calibration {self.kind}s can't be read: {self._listed(broken)}."
            yield problem("calibration-unreadable", self.place, what)
        for camera in self.cameras.names:
            named = {size: p for p in reversed(views.of(camera)) if (size := sizes.get(p))}
            if len(named) > 1:
                seen = (f"{w} x {h} ({self._name(named[w, h])})" for w, h in sorted(named))
                what = f"The calibration images of {camera} have several sizes: {listed(seen)}."
                yield problem("calibration-sizes", self.place, what)
            elif named:
                yield from self._problems_of_form(camera, next(iter(named)))

    def _problems_of_form(self, camera: str, size: Size) -> Iterator[Problem]:
        """Tell of a camera whose labelled frames all have another form than its calibration."""
        camera_of = find_views(self.labelled, self.cameras.names, lambda f: f"{f}/").camera_of
        seen = {
            each: folder
            for folder, sizes in sorted(self.labelled.items())
            for each in sizes
            if camera_of.get(folder) == camera
        }
        if seen and not any(have_one_form(size, each) for each in seen):
            frames = listed(f"{w} x {h} ({seen[w, h]})" for w, h in sorted(seen))
            what = f"The calibration images of {camera} have {size[0]} x {size[1]} pixels, and its"
            yield problem(
                "calibration-other-size", self.place, f"{what} labelled frames {frames}."
            )

    def _look_at_videos(self, views: Views) -> tuple[Mapping[str, Size], list[str]]:
        """Of a video only whether it is empty can be told without a decoder."""
        every = (path for files in views.moments.values() for path in files.values())
        return {}, [path for path in every if not self.files.size(path)]

    def _read_sizes(self, views: Views) -> tuple[Mapping[str, Size], list[str]]:
        """Read the sizes of the images, or from afar of a few; and which of them are no images."""
        sizes, broken = dict[str, Size](), list[str]()
        most = self.files.requests + MOST_REMOTE_HEADS
        for path in self._sample(views):
            if self.files.is_remote and self.files.requests >= most:
                break
            try:
                size, is_broken = read_size(self.files, path)
            except ProjectError:
                size, is_broken = None, True
            if size is not None:
                sizes[path] = size
            elif is_broken:
                broken.append(path)
        return sizes, broken

    def _sample(self, views: Views) -> list[str]:
        of_cameras = [paths for name in self.cameras.names if (paths := views.of(name))]
        if self.files.is_remote:  # a change between two recordings shows at the ends
            return [path for paths in of_cameras for path in dict.fromkeys((paths[0], paths[-1]))]
        return [path for paths in of_cameras for path in paths]

    def _is_near(self, folder: str) -> bool:
        """Whether a folder is called like one of a calibration, and holds what may be it."""
        return "calib" in folder.lower() and bool(images_or_videos(f"{folder}/", self.files.paths))

    def _name(self, path: str) -> str:
        return path.removeprefix(f"{self.folder}/")

    def _listed(self, paths: Sequence[str]) -> str:
        return listed(map(self._name, paths))


def _apart(views: Views, cameras: Sequence[str]) -> list[str]:
    """Return the cameras that no chain of shared moments leads to from the first."""
    groups = [set(files) for files in views.shared.values()]
    reached = {cameras[0]}
    while more := [g for g in groups if g & reached and g - reached]:
        reached = reached.union(*more)
    return [name for name in cameras if name not in reached]


def _problems_of_videos(
    cameras: Cameras, request: Request, asked: Sequence[Video]
) -> Iterator[Problem]:
    videos = recordings(cameras, asked)
    if not request.analyze_videos:
        what = "No video is analysed, so nothing will be triangulated."
        remedy = "Write `analyze_videos: true` or name videos there, or `triangulate: false`."
        yield problem("triangulate-nothing", REQUEST_FILE, what, remedy)
    elif not videos.shared:
        what = (
            f"No two videos that are analysed differ by a camera's name ({listed(cameras.names)})"
        )
        yield problem("triangulate-nothing", REQUEST_FILE, f"{what} only.")
    elif videos.alone:
        what = f"Videos of one camera without a partner: {listed(videos.alone)}."
        yield problem("video-without-partner", REQUEST_FILE, what)
