"""The record of a training: run.json's content, and a paragraph for a paper's methods.

Values go in and values come out; `installed_versions`, `describe_hardware` and `baked_weights`
look at this computer.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import resource
import subprocess
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from dlc_batch_core import SCHEMA_VERSION
from dlc_batch_core.labels import LabelTable
from dlc_batch_core.request import Request
from dlc_batch_core.run_request import RunRequest
from dlc_batch_trainer.missing_weights import WEIGHTS_RECORD
from dlc_batch_trainer.plan import TrainedSnapshot
from dlc_batch_trainer.split import Split
from dlc_batch_trainer.tensorflow.schedule import is_efficientnet

METHODS_FILE = "methods.txt"
_PACKAGES = (
    "deeplabcut",
    "torch",
    "torchvision",
    "timm",
    "tensorflow",
    "tf-slim",
    "numpy",
    "pandas",
    "albumentations",
    "imgaug",
    "opencv-python-headless",
)
_ENGINES = {"pytorch": "PyTorch", "tensorflow": "TensorFlow"}
#: As DeepLabCut makes them (pose_estimation_tensorflow/core/train.py).
_TENSORFLOW_OPTIMIZERS = {
    "sgd": "stochastic gradient descent with a momentum of 0.9 and",
    "adam": "Adam with",
}
_SPLITS = {
    "home": "as split beforehand in the project",
    "videos": "whole videos drawn at random",
    "stretch": "stretches of neighbouring labelled frames drawn at random",
    "random": "single frames drawn at random",
}
#: What an interval resamples where it is not single frames; instants are seen by all cameras.
_RESAMPLED = ("videos", "stretches", "instants")
#: Only what is on by a key of DeepLabCut's own; names as a methods section has them.
_PYTORCH_AUGMENTATIONS = {
    "affine": "rotation, scaling and translation",
    "crop_sampling": "random crops",
    "hflip": "horizontal flips",
    "gaussian_noise": "Gaussian noise",
    "motion_blur": "motion blur",
    "covering": "random covering",
    "elastic_transform": "elastic transformation",
    "grayscale": "grey-scale conversion",
    "hist_eq": "histogram equalisation",
}
_CITATIONS = (
    "Mathis et al. (2018), Nature Neuroscience 21:1281-1289, doi:10.1038/s41593-018-0209-y",
    "Nath, Mathis et al. (2019), Nature Protocols 14:2152-2176, doi:10.1038/s41596-019-0176-0",
)
_CITATION_SEVERAL = (
    "Lauer et al. (2022), Nature Methods 19:496-504, doi:10.1038/s41592-022-01443-0"
)


@dataclass(frozen=True)
class Training:
    """A training that is done."""

    run: RunRequest
    shuffle: int
    origin: Mapping[str, object]  # which upload, and what of it
    engine: str  # pytorch or tensorflow
    settings: Mapping[str, Any]  # pytorch_config.yaml or pose_cfg.yaml as prepared
    split: Split
    images: Sequence[str]  # what the split's numbers count
    snapshot: TrainedSnapshot
    metrics: Mapping[str, float]
    labels_sha256: str
    versions: Mapping[str, str]
    hardware: Mapping[str, Any]  # of this attempt; life_cycle: spot or on-demand
    is_multi_animal: bool = False
    weights_files: Sequence[Mapping[str, str]] = ()  # published ones; name and sha256
    pcutoff: float | None = None  # with which test_rmse_pcutoff_px was computed
    halvings: int = 0  # of the batch size, for lack of memory
    attempts: Sequence[Mapping[str, Any]] = ()  # this one last
    image: str | None = None  # digest of the container's
    mended: Sequence[str] = ()  # sentences for the lab
    timings: Mapping[str, float] = field(default_factory=dict)  # seconds by stage


def run_facts(training: Training) -> dict[str, Any]:
    """Return what run.json tells: enough to repeat the training."""
    snapshot, settings = training.snapshot, training.settings
    return {
        "schema_version": SCHEMA_VERSION,
        "run_id": training.run.run_id,
        "shuffle": training.shuffle,
        "upload": training.origin,
        "labels_sha256": training.labels_sha256,
        "request": training.run.request.to_dict(),
        "engine": training.engine,
        "net_type": settings["net_type"],
        "train_settings": settings.get("train_settings") or _tensorflow_settings(settings),
        "batch_size_halved": training.halvings,
        "began_from": {**snapshot.began_from, "files": list(training.weights_files)},
        "split": _split_facts(training.split, training.images),
        "snapshot": {
            "trained": snapshot.trained,
            "done": snapshot.done,
            "total": snapshot.total,
            "unit": snapshot.unit,
            "best": asdict(snapshot.best) if snapshot.best else None,
            "looks": [list(look) for look in snapshot.looks if math.isfinite(look[1])],
        },
        "metrics": dict(training.metrics),
        "mended": list(training.mended),
        "warned": list(training.run.warnings),
        "versions": dict(training.versions),
        "image": training.image,
        "hardware": {k: v for k, v in training.hardware.items() if k != "peak_memory"},
        "peak_memory": training.hardware.get("peak_memory"),
        "attempts": [dict(attempt) for attempt in training.attempts],
        "timings": dict(training.timings),
        "cost_inputs": cost_inputs(training.hardware, training.attempts, training.timings),
    }


def _split_facts(split: Split, images: Sequence[str]) -> dict[str, Any]:
    return {
        "method": split.method,
        "seed": split.seed,
        "note": split.note,
        "fraction": split.fraction,
        "train": [images[row] for row in split.train],
        "validation": [images[row] for row in split.validation],
        "test": [images[row] for row in split.test],
    }


def _tensorflow_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    names = ("batch_size", "multi_step", "optimizer", "dataset_type", "global_scale")
    return {name: settings[name] for name in names if name in settings}


def cost_inputs(
    hardware: Mapping[str, Any],
    attempts: Sequence[Mapping[str, Any]],
    timings: Mapping[str, float],
) -> dict[str, Any]:
    """Return what the price of a training is computed from.

    Args:
        hardware: of the last attempt.
        attempts: all of them; one that vanished, or goes on, has no `seconds`.
        timings: of the last attempt.
    """
    earlier = [attempt.get("seconds") for attempt in attempts[:-1]]
    known = sum(seconds for seconds in earlier if seconds is not None)
    seconds = known + sum(timings.values())
    places = attempts or (hardware,)
    return {
        "instance_types": [place.get("instance_type") for place in places],
        "life_cycles": [place.get("life_cycle") for place in places],
        "seconds": round(seconds, 1),
        "gpu_seconds": round(seconds, 1) if hardware.get("gpu") else 0.0,
        "attempts_of_unknown_length": earlier.count(None),
    }


def labels_sha256(tables: Iterable[LabelTable]) -> str:
    """Hash the label tables as read: the same whatever their order, line ends and index form."""
    digest = hashlib.sha256()
    for table in sorted(tables, key=lambda table: table.where):
        text = json.dumps([table.where, table.to_csv()])
        digest.update(text.encode() + b"\n")
    return digest.hexdigest()


def baked_weights(snapshot: TrainedSnapshot, net_type: str) -> list[dict[str, str]]:
    """Return the files of pretrained weights that the image has for a training that begins there.

    By the record that bake.py leaves in the image; none without one.

    Args:
        snapshot: which networks it began from.
        net_type: of the training; a file may be recorded with another network that has it too.
    """
    path = os.environ.get(WEIGHTS_RECORD)
    if not path or not Path(path).is_file() or "pretrained" not in snapshot.began_from.values():
        return []
    nets: Mapping[str, list[dict[str, str]]] = json.loads(Path(path).read_text())["nets"]
    names = [name for key, name in snapshot.began_from.items() if key.endswith("_network")]
    files = {each["name"]: each for entry in nets.values() for each in entry}
    wanted = {name: each for name, each in files.items() if any(n in name for n in names)}
    wanted |= {each["name"]: each for each in ([] if wanted else nets.get(net_type, []))}
    return list(wanted.values())


def installed_versions() -> dict[str, str]:
    """Return the version of each package that matters and is installed."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def describe_hardware(place: Mapping[str, Any]) -> dict[str, Any]:
    """Describe this computer; sizes in bytes.

    Args:
        place: what is known of the instance: `instance_type`, `life_cycle`.
    """
    peak = {
        # The kernel counts in KiB; loader processes are no part of it.
        "host_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "gpu_bytes": _gpu_peak(),
    }
    return {
        **place,
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "gpu": _gpu(),
        "peak_memory": peak,
    }


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _gpu() -> dict[str, Any] | None:
    """Ask nvidia-smi: it knows whichever engine has the GPU."""
    query = "--query-gpu=name,memory.total"
    command = ["nvidia-smi", query, "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)  # noqa: S603  # no value of a lab's
    except (OSError, subprocess.SubprocessError):
        return None
    return parse_gpu(answer.stdout)


def parse_gpu(text: str) -> dict[str, Any] | None:
    """Read nvidia-smi's line of the first GPU: its name, and its memory in MiB."""
    name, _, memory = next(iter(text.splitlines()), "").rpartition(",")
    if not name or not memory.strip().isdigit():  # some have no memory of their own: [N/A]
        return {"name": name.strip(), "memory_bytes": None} if name else None
    return {"name": name.strip(), "memory_bytes": int(memory) << 20}


def _gpu_peak() -> int | None:
    """What torch took at most of the GPU; None without one."""
    import torch

    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None


def methods_text(training: Training) -> str:
    """Write the training as a paper's methods section has it, and what to cite."""
    sentences = [
        _network_sentence(training),
        _frames_sentence(training.split),
        _training_sentence(training),
        _augmentation_sentence(training.settings),
        _snapshot_sentence(training.snapshot),
        _error_sentence(training),
        _hardware_sentence(training.hardware),
        _views_sentence(training.run.request),
    ]
    paragraph = textwrap.fill(" ".join(filter(None, sentences)), 99)
    cited = [*_CITATIONS, *([_CITATION_SEVERAL] if training.is_multi_animal else [])]
    return "\n".join([paragraph, "", "References", *cited, ""])


def _network_sentence(training: Training) -> str:
    several = "; Lauer et al., 2022" if training.is_multi_animal else ""
    release = training.versions.get("deeplabcut")
    return (
        f"Poses were estimated with DeepLabCut{f' {release}' if release else ''}"
        f" (Mathis et al., 2018; Nath, Mathis et al., 2019{several}), with its"
        f" {_ENGINES[training.engine]} engine and the network {training.settings['net_type']},"
        f" which began from {_start(training)}."
    )


def _start(training: Training) -> str:
    weights = training.run.request.weights
    if weights in ("pretrained", "random"):
        return f"{weights} weights"
    return f"the weights of an earlier training (run {weights})"


def _views_sentence(request: Request) -> str:
    """Say which views this network was not to see."""
    networks = request.cameras.networks if request.cameras else {}
    return " ".join(
        f"The views of the camera {camera} were left to the network of an earlier training"
        f" (run {run_id})."
        for camera, run_id in networks.items()
    )


def _frames_sentence(split: Split) -> str:
    validation = f", {len(split.validation)} to choose the snapshot" if split.validation else ""
    how = _SPLITS[split.method]
    return (
        f"Of the labelled frames, {len(split.train)} were used for training{validation} and"
        f" {len(split.test)} for testing ({how})."
    )


def _training_sentence(training: Training) -> str:
    snapshot = training.snapshot
    prepared = _batch_size(training)
    size = max(prepared >> training.halvings, 1) if prepared else None
    batch = f" with a batch size of {size}" if size else ""
    if prepared and size != prepared:
        batch += f" ({prepared} until the memory did not suffice)"
    factor = size / prepared if size and prepared else 1.0
    return (
        f"The network was trained for {snapshot.length(snapshot.done)}{batch};"
        f" {_schedule(training.settings, factor, snapshot.done)}."
    )


def _batch_size(training: Training) -> int | None:
    """The one prepared; None where the settings have none."""
    settings = training.settings
    size = (settings.get("train_settings") or settings).get("batch_size")
    return int(size) if size else None


def _schedule(settings: Mapping[str, Any], factor: float, done: int) -> str:
    """The learning rate, in words.

    Args:
        settings: as prepared.
        factor: by which the rates were scaled, as the batch was for lack of memory.
        done: epochs or iterations that were trained; what was to come later is not told.
    """
    if "multi_step" in settings:
        return _schedule_of_tensorflow(settings, factor, done)
    runner = settings["runner"]
    optimizer = runner["optimizer"]
    text = f"{optimizer['type']} with a learning rate of {optimizer['params']['lr'] * factor:g}"
    scheduler = runner.get("scheduler")
    if not scheduler:
        return text
    values = scheduler.get("params") or {}
    if scheduler["type"] != "LRListScheduler":
        return f"{text}, changed by the schedule {scheduler['type']}"
    pairs = zip(values["milestones"], values["lr_list"], strict=True)
    changes = [
        f"{_first(rate) * factor:g} from epoch {epoch}" for epoch, rate in pairs if epoch < done
    ]
    return f"{text}, {', '.join(changes)}" if changes else text


def _schedule_of_tensorflow(settings: Mapping[str, Any], factor: float, done: int) -> str:
    if is_efficientnet(settings["net_type"]):
        start, length = settings["lr_init"] * factor, settings["decay_steps"]
        return (
            f"Adam with a learning rate of {start:g}, which a cosine takes to"
            f" {start * settings['alpha_r']:g} in {length:g} iterations"
        )
    begins = [0, *(last for _, last in settings["multi_step"])]
    steps = [
        f"{rate * factor:g} until iteration {min(last, done)}"
        for (rate, last), begin in zip(settings["multi_step"], begins, strict=False)
        if begin < done
    ]
    optimizer = _TENSORFLOW_OPTIMIZERS[settings.get("optimizer", "sgd")]
    return f"{optimizer} a learning rate of {', '.join(steps)}"


def _first(rate: Any) -> float:
    """The rate of the first group of parameters; DeepLabCut's own schedules have one."""
    return float(rate[0] if isinstance(rate, Sequence) else rate)


def _augmentation_sentence(settings: Mapping[str, Any]) -> str:
    if "all_joints_names" in settings:  # TensorFlow's
        kind = settings.get("dataset_type")
        return f"Frames were augmented by DeepLabCut's method {kind}." if kind else ""
    train = (settings.get("data") or {}).get("train") or {}
    used = [name for key, name in _PYTORCH_AUGMENTATIONS.items() if train.get(key)]
    return f"Frames were augmented by {_listed(used)}." if used else ""


def _listed(names: Sequence[str]) -> str:
    return "; ".join(names)  # some have an "and" of their own


def _snapshot_sentence(snapshot: TrainedSnapshot) -> str:
    if snapshot.best is None:
        return f"The snapshot after {snapshot.length(snapshot.trained)} was used."
    return (
        f"The snapshot with the lowest error on the validation frames was used, that after"
        f" {snapshot.length(snapshot.best.epoch)} ({snapshot.best.rmse_px:.2f} px)."
    )


def _error_sentence(training: Training) -> str:
    metrics = training.metrics
    if "test_rmse_px" not in metrics:
        return ""
    text = f"The mean error on the test frames was {metrics['test_rmse_px']:.2f} px"
    if "test_rmse_low_px" in metrics:
        low, high = metrics["test_rmse_low_px"], metrics["test_rmse_high_px"]
        unit = next((u for u in _RESAMPLED if f"test_interval_{u}" in metrics), "frames")
        text += f" (95 % bootstrap interval over {unit} {low:.2f} to {high:.2f} px)"
    if "test_rmse_pcutoff_px" in metrics and training.pcutoff is not None:
        text += (
            f", and {metrics['test_rmse_pcutoff_px']:.2f} px for points of a confidence of at"
            f" least {training.pcutoff:g}"
        )
    return f"{text}."


def _hardware_sentence(hardware: Mapping[str, Any]) -> str:
    gpu = hardware.get("gpu")
    place = gpu["name"] if gpu else f"{hardware['cores']} cores of {hardware['cpu']}, without GPU"
    instance = hardware.get("instance_type")
    return f"The training ran on {place}{f' (AWS {instance})' if instance else ''}."
