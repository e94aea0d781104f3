"""Whether the videos that a request names can be analysed, as far as can be told before."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence

from dlc_batch_core.catalogue import problem
from dlc_batch_core.keys import UPLOADS
from dlc_batch_core.limits import GIB
from dlc_batch_core.problems import Problem
from dlc_batch_core.project_files import ProjectFiles
from dlc_batch_core.request import REQUEST_FILE, Request
from dlc_batch_core.videos import Video, is_drawn, is_video, is_video_key
from dlc_batch_core.views import calibration_files
from dlc_batch_core.words import listed, shown


def find_video_problems(request: Request, files: ProjectFiles) -> list[Problem]:
    """Find what of the videos asked for can't be analysed, or contradicts itself."""
    if not request.analyze_videos:
        return [_without_videos()] if request.labeled_videos else []
    videos = request.videos(files.paths)
    if not videos:
        return [_none_in_zip(request, files)]
    there = [path for path in files.paths if is_video(path) and not is_drawn(path)]
    found = [p for video in videos if (p := _problem_of(video, files, there))]
    return [*found, *_same_names(videos)]


def find_key_problems(request: Request, bucket: str, lab: str) -> list[Problem]:
    """Find videos of the bucket that are not the lab's own.

    Args:
        request: what is asked for.
        bucket: where the project was uploaded.
        lab: whose run it is.
    """
    keys = (video for video in request.videos(()) if video.is_key)
    others = [video for video in keys if not video.belongs_to(bucket, lab)]
    return [_other_lab(video, bucket, lab) for video in others]


def _problem_of(video: Video, files: ProjectFiles, there: Sequence[str]) -> Problem | None:
    if not is_video(video.path) or is_drawn(video.path):
        what = f"DeepLabCut analyses no file of this name: {shown(video.path)}."
        return problem("video-name", REQUEST_FILE, what)
    if video.is_key:
        return None if is_video_key(video.path) else _wrong_place(video)
    if video.path not in files:
        return _missing(video.path, there)
    most = files.limits.total_bytes  # one at a time is unpacked
    if files.size(video.path) > most:
        size = f"{files.size(video.path) / GIB:,.1f} GiB; {most // GIB} are taken."
        return problem("video-too-large", video.path, f"The video has {size}")
    return None


def _missing(path: str, there: Iterable[str]) -> Problem:
    what = f"`analyze_videos` names {shown(path)}, which is not in the zip."
    return problem("video-missing", REQUEST_FILE, what, _near(path, list(there)))


def _near(path: str, there: list[str]) -> str:
    name = path.rpartition("/")[2].casefold()
    same = [each for each in there if each.rpartition("/")[2].casefold() == name]
    near = same or difflib.get_close_matches(path, there, n=1, cutoff=0.6)
    return f"Did you mean `{shown(near[0])}`? Else add the video to the zip." if near else ""


def _none_in_zip(request: Request, files: ProjectFiles) -> Problem:
    what = "`analyze_videos: true` asks for all videos of the zip, and there is none in it"
    of_board = request.cameras is not None and calibration_files(request.cameras, files.paths)
    but = ", but for those of the calibration" if of_board and is_video(of_board[0]) else ""
    return problem("video-missing", REQUEST_FILE, f"{what}{but}.")


def _without_videos() -> Problem:
    what = "`labeled_videos: true` draws points into the videos that are analysed, and none is."
    return problem("video-labeled", REQUEST_FILE, what)


def _wrong_place(video: Video) -> Problem:
    what = f"`analyze_videos` names {shown(video.path)}, which lies in no lab's folder of videos."
    return problem("video-place", REQUEST_FILE, what)


def _other_lab(video: Video, bucket: str, lab: str) -> Problem:
    where = f" of the bucket {shown(video.bucket)}" if video.bucket else ""
    what = f"`analyze_videos` names {shown(video.path)}{where}, which is not your lab's."
    remedy = f"Put the video into s3://{bucket}/{UPLOADS}{lab}/videos/ and name it there."
    return problem("video-place", REQUEST_FILE, what, remedy)


def _same_names(videos: Iterable[Video]) -> Iterator[Problem]:
    first: dict[str, Video] = {}
    for video in videos:
        other = first.setdefault(video.stem, video)
        if other is not video:
            names = listed([other.path, video.path])
            what = f"The results of two videos would have the same name: {names}."
            yield problem("video-same-name", REQUEST_FILE, what)
