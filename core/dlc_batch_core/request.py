"""The request: what to train and what to do after (`dlc-batch.yaml`).

`FIELDS` is the one schema: the parser, the client's flags and the documentation read it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from dlc_batch_core.camera_fields import CAMERA_FIELDS, find_contradictions
from dlc_batch_core.cameras import Cameras
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.keys import is_run_id
from dlc_batch_core.problems import Problem
from dlc_batch_core.request_field import (
    RequestField,
    is_count,
    is_number,
    is_section,
    is_switch,
)
from dlc_batch_core.settings import (
    ENGINES,
    expected_value,
    is_allowed_path,
    is_override,
    is_read,
    nearest_setting,
)
from dlc_batch_core.three_d import HOME_3D
from dlc_batch_core.videos import Video, chosen, is_choice
from dlc_batch_core.yaml_reader import read_yaml_mapping

REQUEST_FILE = "dlc-batch.yaml"
_NAME = re.compile(r"[A-Za-z0-9]+(?:[_.-][A-Za-z0-9]+)*")  # mobilenet_v2_0.35, efficientnet-b0
#: Of one run: its record holds how each of them is, and DynamoDB takes 400 kB (our choice).
MAX_SHUFFLES = 20
_MAX_EPOCHS = 100_000  # a slip of the keyboard, not a training
_MAX_ITERATIONS = 10_000_000  # ten times DeepLabCut's own schedule


@dataclass(frozen=True)
class Request:
    """A request with every default filled in. None: not asked for.

    Where net type, epochs, iterations or batch size are None, the shuffle that the lab made at
    home decides, and without one config.yaml and DeepLabCut's defaults.
    """

    engine: str | None = None
    net_type: str | None = None
    shuffles: tuple[int, ...] = (1,)
    epochs: int | None = None
    iterations: int | None = None
    batch_size: int | None = None
    evaluate: bool = True
    analyze_videos: bool | tuple[str, ...] = False
    filtered_predictions: bool = True
    labeled_videos: bool = False
    cameras: Cameras | None = None
    triangulate: bool = True
    export_model: bool = False
    time_limit_hours: float = 24.0
    seed: int = 0
    weights: str = "pretrained"
    validation: bool = True
    checkpoint_minutes: float = 10.0
    stall_minutes: float = 30.0
    loader_workers: int | None = None
    image_cache: bool = True
    mixed_precision: bool = True
    channels_last: bool = True
    fast_kernels: bool = True
    overrides: Mapping[str, object] = field(default_factory=dict)

    def videos(self, paths: Iterable[str]) -> tuple[Video, ...]:
        """Return the videos that are to be analysed.

        Where that is all of the zip, those in the calibration's folder are not meant: they show
        a board.

        Args:
            paths: all files of the project.
        """
        folder = self.cameras.folder if self.cameras else None
        aside = tuple(f"{each}/" for each in (HOME_3D, folder) if each)
        return chosen(self.analyze_videos, (p for p in paths if not p.startswith(aside)))

    def to_dict(self) -> dict[str, object]:
        values = {**asdict(self), "cameras": self.cameras.to_dict() if self.cameras else None}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}

    @classmethod
    def from_dict(cls, value: Mapping[str, object]) -> Request:
        """Read what `to_dict` wrote; fields it does not know are ignored."""
        known = {name: value[name] for name in cls.__dataclass_fields__ if name in value}
        lists = {name: tuple(v) for name, v in known.items() if isinstance(v, list | tuple)}
        if isinstance(cameras := known.get("cameras"), Mapping):
            known["cameras"] = Cameras.from_dict(cameras)
        return cls(**{**known, **lists})  # type: ignore[arg-type]  # our own file


def _is_none_or_count(value: object, most: int) -> bool:
    return (value == 0 and value is not False) or is_count(value, most)


def _is_run_id(value: object) -> bool:
    return isinstance(value, str) and is_run_id(value)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(_NAME.fullmatch(value))


def _are_shuffles(value: object) -> bool:
    return (
        isinstance(value, list)
        and 1 <= len(value) <= MAX_SHUFFLES
        and all(is_count(number, 999) for number in value)
        and len(set(value)) == len(value)
    )


FIELDS = (
    RequestField(
        "engine",
        "pytorch or tensorflow",
        "DeepLabCut's engine. Default: config.yaml's, else pytorch.",
        lambda value: value in ("pytorch", "tensorflow"),
        "pytorch",
    ),
    RequestField(
        "net_type",
        "the name of a network of DeepLabCut's",
        "The network. Default: the shuffle made at home, then config.yaml's default_net_type.",
        _is_name,
        "resnet_50",
    ),
    RequestField(
        "shuffles",
        f"a list of 1 to {MAX_SHUFFLES} different shuffle numbers from 1 to 999",
        "Which shuffles to train: each in a job of its own, all of them one run. Default: [1].",
        _are_shuffles,
        "[1, 2, 3]",
    ),
    RequestField(
        "epochs",
        f"a whole number from 1 to {_MAX_EPOCHS}",
        "With the PyTorch engine: passes over the training frames. Default: the shuffle made at"
        " home, then 200.",
        lambda value: is_count(value, _MAX_EPOCHS),
        "200",
    ),
    RequestField(
        "iterations",
        f"a whole number from 1 to {_MAX_ITERATIONS}",
        "With the TensorFlow engine: steps of the optimizer. The schedule of learning rates"
        " (`multi_step`) ends there, its last rate going on as long as it takes. Default: the end"
        " of the schedule of the shuffle made at home, then of DeepLabCut's.",
        lambda value: is_count(value, _MAX_ITERATIONS),
        "200000",
    ),
    RequestField(
        "batch_size",
        "a whole number from 1 to 1024, or auto",
        "Frames a step. auto (default): the shuffle made at home, then DeepLabCut's default.",
        lambda value: value == "auto" or is_count(value, 1024),
        "auto",
    ),
    RequestField(
        "evaluate",
        "true or false",
        "Whether to score the network on the frames it did not train on. Default: true.",
        is_switch,
        "true",
    ),
    RequestField(
        "analyze_videos",
        "true, false, or a list of paths in the project and of keys in the bucket, without `..`",
        "Which videos to analyse after the training: true for all in the zip, but for those in the"
        " folder of the calibration (`cameras.calibration`); or a list of paths"
        " in the zip's project, and of videos that you put into your lab's folder of the bucket,"
        " such as `s3://<bucket>/uploads/<lab>/videos/mouse1.mp4` (what lies in that folder"
        " `videos` begins no run). The results come in `results/videos/`. Default: false.",
        is_choice,
        "[videos/mouse1.mp4]",
    ),
    RequestField(
        "filtered_predictions",
        "true or false",
        "Whether to filter the predictions on videos too (DeepLabCut's median filter)."
        " Default: true.",
        is_switch,
        "true",
    ),
    RequestField(
        "labeled_videos",
        "true or false",
        "Whether to draw the points into a copy of each video that is analysed. Default: false.",
        is_switch,
        "false",
    ),
    RequestField(
        "cameras",
        "a section",
        "The cameras that saw the animal, for poses in three dimensions: see"
        " [3D](three-d.md). Default: those of a 3D project of DeepLabCut's in the zip, else none.",
        is_section,
        "{names: [camera-1, camera-2], board: {columns: 9, rows: 6, square_mm: 25}}",
        CAMERA_FIELDS,
    ),
    RequestField(
        "triangulate",
        "true or false",
        "Whether to put together in three dimensions what several cameras saw, where there are"
        " `cameras` and their videos are analysed. Default: true.",
        is_switch,
        "true",
    ),
    RequestField(
        "export_model",
        "true or false",
        "Whether to export the network for DeepLabCut-live. Default: false.",
        is_switch,
        "false",
    ),
    RequestField(
        "time_limit_hours",
        "a number from 0.1 to 168",
        "The longest the training may take, all its attempts together. Default: 24.",
        lambda value: is_number(value, 0.1, 168),
        "24",
    ),
    RequestField(
        "seed",
        "a whole number from 0 to 4294967295",
        "Of the split, of random weights and of the order of frames. Default: 0.",
        lambda value: _is_none_or_count(value, 2**32 - 1),
        "0",
    ),
    RequestField(
        "weights",
        "pretrained, random, or the id of an earlier run of your lab",
        "Where the network begins: random needs many more epochs; a run id goes on from what that"
        " run made, with the same body parts. Default: pretrained.",
        lambda value: value in ("pretrained", "random") or _is_run_id(value),
        "pretrained",
    ),
    RequestField(
        "validation",
        "true or false",
        "Whether to keep back some training frames to choose the best snapshot by, where there are"
        " enough (50). Without, the last snapshot is taken. Default: true.",
        is_switch,
        "true",
    ),
    RequestField(
        "checkpoint_minutes",
        "a number from 0.05 to 120",
        "The most minutes of training that are lost when the computer is taken away. Default: 10.",
        lambda value: is_number(value, 0.05, 120),
        "10",
    ),
    RequestField(
        "stall_minutes",
        "a number from 0.5 to 720",
        "A training that makes no step for so long is ended. Default: 30.",
        lambda value: is_number(value, 0.5, 720),
        "30",
    ),
    RequestField(
        "loader_workers",
        "a whole number from 0 to 64, or auto",
        "Processes that load and augment frames. auto (default): one less than the cores with a"
        " GPU, else 0.",
        lambda value: value == "auto" or _is_none_or_count(value, 64),
        "auto",
    ),
    RequestField(
        "image_cache",
        "true or false",
        "Whether to keep decoded frames in memory, as far as it goes. Default: true.",
        is_switch,
        "true",
    ),
    RequestField(
        "mixed_precision",
        "true or false",
        "Whether to train in bfloat16 where the GPU can. Default: true.",
        is_switch,
        "true",
    ),
    RequestField(
        "channels_last",
        "true or false",
        "Whether to lay images out as the GPU's convolutions like them. Default: true.",
        is_switch,
        "true",
    ),
    RequestField(
        "fast_kernels",
        "true or false",
        "Whether the GPU may choose its fastest convolutions, and TF32. Default: true.",
        is_switch,
        "true",
    ),
    RequestField(
        "overrides",
        "settings of DeepLabCut's pytorch_config.yaml or pose_cfg.yaml by dotted path",
        "DeepLabCut's own settings, such as `data.train.crop_sampling.width: 128` with PyTorch or"
        " `global_scale: 1.0` with TensorFlow. Default: none.",
        lambda value: isinstance(value, dict) and all(isinstance(key, str) for key in value),
        "{train_settings.batch_size: 4}",
    ),
)


def parse_request(text: str, where: str = REQUEST_FILE) -> Request:
    """Read dlc-batch.yaml.

    Args:
        text: the file's content; an empty one asks for all defaults.
        where: its path in the upload, for problems.

    Raises:
        ProjectError: with every problem found.
    """
    values = read_yaml_mapping(text, where)
    problems = list(_problems_in(values, FIELDS, "", where))
    problems += _problems_of_overrides(values.get("overrides"), _engines(values), where)
    problems += _problems_of_cameras(values.get("cameras"), where)
    if problems:
        raise ProjectError(problems)
    for name in ("batch_size", "loader_workers"):
        if values.get(name) == "auto":
            del values[name]
    return Request.from_dict(values)


def _problems_in(
    values: Mapping[str, object], fields: Sequence[RequestField], above: str, where: str
) -> Iterator[Problem]:
    """Yield what is wrong in a file or a section.

    Args:
        above: where the section stands, such as `cameras.`.
    """
    known = {each.name: each for each in fields}
    for key, value in values.items():
        name = above + _shown(key)
        if (of := known.get(key)) is None:
            what = f"There is no setting `{name}`."
            yield Problem("request-unknown-key", where, what, _near(key, known, above))
        elif not of.accepts(value):
            what = f"`{name}: {_shown(value)}` is not accepted."
            yield Problem("request-value", where, what, f"`{name}` takes {_expected(of)}.")
        elif isinstance(value, dict):
            yield from _problems_in(value, of.fields, f"{name}.", where) if of.fields else ()


def _expected(of: RequestField) -> str:
    keys = ", ".join(f"`{each.name}`" for each in of.fields)
    return f"{of.expects} with keys of its own: {keys}" if keys else of.expects


def _problems_of_cameras(value: object, where: str) -> list[Problem]:
    """Find what the section `cameras` contradicts, as far as its values are accepted."""
    if not isinstance(value, dict):
        return []
    accepted = {
        each.name: value[each.name]
        for each in CAMERA_FIELDS
        if each.name in value
        and not any(_problems_in({each.name: value[each.name]}, [each], "", where))
    }
    return [
        Problem("request-value", where, what, remedy)
        for what, remedy in find_contradictions(accepted)
    ]


def _engines(values: Mapping[str, object]) -> tuple[str, ...]:
    """Return the engines that may be meant: where none is named, config.yaml decides."""
    engine = values.get("engine")
    return (str(engine),) if engine in ENGINES else ENGINES


def _problems_of_overrides(value: object, engines: Sequence[str], where: str) -> list[Problem]:
    if not isinstance(value, dict):
        return []
    named = [(path, each) for path, each in value.items() if isinstance(path, str)]
    return [
        override_refused(path, each, engines, where)
        for path, each in named
        if not any(is_override(path, each, engine) for engine in engines)
    ]


def override_refused(path: str, value: object, engines: Sequence[str], where: str) -> Problem:
    """Return the problem of an override that none of some engines takes."""
    of_engines = [engine for engine in engines if is_allowed_path(path, engine)]
    if of_engines and is_read(path):
        what = f"The override `{_shown(path)}: {_shown(value)}` is not accepted."
        remedy = f"`{_shown(path)}` takes {expected_value(path, of_engines[0])}."
        if isinstance(value, dict):
            remedy = "Name each setting below it by a dotted path of its own."
        return Problem("request-override", where, what, remedy)
    of = f" with the {engines[0]} engine" if len(engines) == 1 else ""
    return Problem(
        "request-override",
        where,
        f"The override `{_shown(path)}` is not one of the settings that may be set{of}.",
        _near_setting(str(path), engines),
    )


def _near_setting(path: str, engines: Sequence[str]) -> str:
    named = [near for engine in engines if (near := nearest_setting(path[:200], engine))]
    guess = f"Did you mean `{named[0]}`? " if named else ""
    return f"{guess}docs/request.md lists the settings that may be set."


def _near(key: str, known: Mapping[str, RequestField], above: str) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    if near:
        return f"Did you mean `{above}{near[0]}`?"
    return f"Remove it, or use one of: {', '.join(above + name for name in known)}."


def _shown(value: object) -> str:
    # a short scalar only: an aliased YAML structure can be astronomically large when written out
    if isinstance(value, str | int | float | bool) or value is None:
        return str(value)[:60]
    return f"(a {type(value).__name__})"
