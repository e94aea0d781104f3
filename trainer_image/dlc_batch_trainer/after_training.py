"""What follows a training whose results are safe: the network exported, videos analysed.

Each step's files go to S3 before the next step begins, and `results/videos/analysed.json` says
which videos are done: an attempt that comes after an interruption goes on with the others. Nothing
here fails a training: what went wrong is a sentence for the lab.

The views of some cameras may be left to networks of earlier runs (`cameras.networks`).
"""

from __future__ import annotations

import json
import shutil
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from dlc_batch_core import SCHEMA_VERSION
from dlc_batch_core.cameras import Cameras
from dlc_batch_core.follow_up import FollowUp
from dlc_batch_core.keys import own_folder
from dlc_batch_core.request import Request
from dlc_batch_core.videos import VIDEO_FOLDER, Video
from dlc_batch_core.views import recordings
from dlc_batch_core.words import listed
from dlc_batch_trainer.after import failure
from dlc_batch_trainer.after_process import AfterProcess, Ended
from dlc_batch_trainer.after_steps import Step
from dlc_batch_trainer.earlier_network import EarlierNetworks
from dlc_batch_trainer.patience import STORE_ERRORS
from dlc_batch_trainer.store import RunStore
from dlc_batch_trainer.trained import Trained
from dlc_batch_trainer.transfer import Stopped
from dlc_batch_trainer.videos import Videos

_RECORD = f"{VIDEO_FOLDER}analysed.json"
#: Tells which video of how many is begun, and its name.
Tell = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Analysed:
    """What came of a video."""

    files: tuple[str, ...]  # relative to results/
    notes: tuple[str, ...]  # sentences for the lab
    uncertain: tuple[int, ...] = ()  # frames worth labelling, the least sure first
    frames_per_second: float = 0.0  # of the video; 0: not known
    frame_size: tuple[int, int] = (0, 0)  # its width and height, pixels; zeros: not known
    network: str = ""  # id of the earlier run whose network saw it; empty: this run's did

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Analysed:
        """Read what an earlier attempt wrote."""
        wide, high = value.get("frame_size", (0, 0))
        return cls(
            files=tuple(value["files"]),
            notes=tuple(value["notes"]),
            uncertain=tuple(value.get("uncertain", ())),
            frames_per_second=float(value.get("frames_per_second", 0.0)),
            frame_size=(int(wide), int(high)),
            network=str(value.get("network", "")),
        )

    @property
    def is_tracked(self) -> bool:
        return any(name.endswith(".h5") for name in self.files)

    @property
    def is_labeled(self) -> bool:
        return any(name.endswith(".mp4") for name in self.files)


@dataclass
class AfterTraining:
    """The steps after a training, for the watching process; DeepLabCut runs in another one."""

    request: Request
    store: RunStore
    videos: Videos
    project: Path  # our copy, as the training left it
    number: int  # of the shuffle
    work: Path  # a folder that is not there yet
    process: AfterProcess
    tell: Tell
    files: list[str] = field(default_factory=list)  # relative to results/
    notes: list[str] = field(default_factory=list)  # sentences for the lab
    uncertain: dict[str, tuple[int, ...]] = field(default_factory=dict)  # by `videos/...`
    analysed: dict[Video, Analysed] = field(default_factory=dict)  # of which there are tables
    follow_up: FollowUp = field(default_factory=FollowUp)
    is_cut_short: bool = False  # there was a reason to end before all was done

    @property
    def record(self) -> str:
        """Where in results/ it says which videos are done."""
        return own_folder(self.number, self.request.shuffles) + _RECORD

    def run(self) -> None:
        """Do what the request asks for, and leave the results in S3. Raises no Exception."""
        if not (self.request.export_model or self.request.analyze_videos):
            return
        try:
            self.follow_up = replace(self.follow_up, export_asked=self.request.export_model)
            trained = Trained.find(self.project, self.number)
            if self.request.export_model:
                self._export(trained)
            if self.request.analyze_videos:
                self._analyze_all(trained)
        except Exception as error:  # whatever it is, the training is done
            self._failed("What was to follow the training", error)
        finally:
            self.process.close()
            shutil.rmtree(self.work, ignore_errors=True)

    def _export(self, trained: Trained) -> None:
        what = "Export of the network for live use"
        try:
            done = self._do(trained, None)
        except Exception as error:
            self.is_cut_short |= isinstance(error, Ended)
            self._failed(what, error)
        else:
            self.files += done.files
            self.notes += done.notes
            self.follow_up = replace(self.follow_up, exported=bool(done.files))

    def _analyze_all(self, trained: Trained) -> None:
        videos, record = self.videos.listed(), self._read_record(trained)
        views = recordings(self.request.cameras or Cameras(), videos)
        self.follow_up = replace(
            self.follow_up,
            videos_asked=len(videos),
            labeled_asked=self.request.labeled_videos,
            recordings_asked=len(views.shared) if self.request.triangulate else 0,
        )
        self.files += [self.record] if record else []
        cameras = views.camera_of
        taken: dict[str, Video] = {}
        for number, video in enumerate(videos, 1):
            if taken.setdefault(video.stem, video) is not video:
                self._failed(f"Analysis of {video.place}", OSError("another has the same name"))
                continue
            done = record.get(video.path)
            if done is None:
                self.tell(number, len(videos), video.place)
                try:
                    done = self._analyze(trained, video, cameras.get(video.path, ""))
                except (Ended, Stopped):
                    self._leave_out(videos[number - 1 :])
                    return
                if done.files:  # else the next attempt may have more luck
                    record[video.path] = done
                    self._write_record(trained, record)
            self._take(video, done)

    def _take(self, video: Video, done: Analysed) -> None:
        self.files += done.files
        self.notes += [note for note in done.notes if note not in self.notes]
        if not done.network:  # to label its frames would better another run's network
            self.uncertain[f"{VIDEO_FOLDER}{video.place}"] = done.uncertain
        if done.is_tracked:
            self.analysed[video] = done
        now = self.follow_up
        self.follow_up = replace(
            now, videos=now.videos + done.is_tracked, labeled=now.labeled + done.is_labeled
        )

    @cached_property
    def _others(self) -> EarlierNetworks:
        return EarlierNetworks(self.store, self.project, self.work / "networks")

    def _analyze(self, trained: Trained, video: Video, camera: str) -> Analysed:
        asked = self.request.cameras
        if asked is None or camera not in asked.networks:
            return self._analyze_with(trained, video)
        run_id = asked.networks[camera]
        try:
            other = self._others.find(run_id, trained.engine)
        except Exception as error:  # whatever it is, the other cameras' videos may do well
            what = f"Bringing the network of the run {run_id}, for the views of {camera},"
            return Analysed((), (_note(what, error),), network=run_id)
        done = self._analyze_with(other, video)
        said = f"The views of {camera} were analysed by the network of the run {run_id}."
        return replace(done, network=run_id, notes=(*done.notes, *([said] if done.files else [])))

    def _analyze_with(self, trained: Trained, video: Video) -> Analysed:
        folder = f"{VIDEO_FOLDER}{video.place}".rpartition("/")[0]
        try:
            with self.videos.fetched(video, self.work / "video") as path:
                return self._do(trained, path, folder)
        except (Ended, Stopped):
            raise
        except Exception as error:  # whatever a video does, the next one may do well
            return Analysed((), (_note(f"Analysis of {video.place}", error),))

    def _do(self, trained: Trained, video: Path | None, folder: str = "") -> Analysed:
        """Do a step and upload its files."""
        made = self.work / "made"
        shutil.rmtree(made, ignore_errors=True)
        (made / folder).mkdir(parents=True)
        step = Step(
            config_path=str(trained.shuffle.config_path),
            shuffle=trained.shuffle.shuffle,
            trainset=trained.shuffle.trainset,
            engine=trained.engine,
            target=str(made / folder),
            video=str(video) if video else None,
            is_filtered=self.request.filtered_predictions,
            is_labeled=self.request.labeled_videos,
        )
        answer = self.process.run(step)
        files = self.store.write_results(made)
        shutil.rmtree(made)
        return Analysed(
            files, answer.notes, answer.uncertain, answer.frames_per_second, answer.frame_size
        )

    def _failed(self, what: str, error: Exception) -> None:
        self.notes.append(_note(what, error))

    def _leave_out(self, videos: Sequence[Video]) -> None:
        self.is_cut_short = True
        names = listed(video.place for video in videos)
        why = self.process.reason_to_end() or "there was no time left"
        self.notes.append(f"These videos were not analysed, for {why}: {names}.")

    def _read_record(self, trained: Trained) -> dict[str, Analysed]:
        """Read what an earlier attempt has done with the same snapshot."""
        key = self.store.keys.results + self.record
        try:
            answer = self.store.client.get_object(Bucket=self.store.bucket, Key=key)
            value = json.loads(answer["Body"].read())
            if value["snapshot"] != trained.snapshot:
                return {}
            return {path: Analysed.from_dict(each) for path, each in value["videos"].items()}
        except (*STORE_ERRORS, ValueError, KeyError, TypeError, AttributeError):
            return {}  # there is none, most likely: all videos are analysed

    def _write_record(self, trained: Trained, record: Mapping[str, Analysed]) -> None:
        videos = {path: asdict(each) for path, each in record.items()}
        value = {
            "schema_version": SCHEMA_VERSION,
            "snapshot": trained.snapshot,
            "videos": videos,
        }
        folder = self.work / "record"
        path = folder / self.record
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value, indent=1))
        self.files = [name for name in self.files if name != self.record]
        self.files += self.store.write_results(folder)


def _note(what: str, error: Exception) -> str:
    """Put an error into a sentence for the lab. The log gets it in full."""
    traceback.print_exception(error)
    sys.stderr.flush()
    return failure(what, error)
