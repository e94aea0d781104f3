"""What each shuffle's training will be, as far as it can be told before it begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlc_batch_core.checks.engine import engine_of, network_of

if TYPE_CHECKING:
    from dlc_batch_core.check import Check
    from dlc_batch_core.home_settings import HomeSettings
    from dlc_batch_core.project import Project
    from dlc_batch_core.request import Request

#: DeepLabCut's own, where nothing says otherwise: epochs, and the end of its schedule.
_EPOCHS, _ITERATIONS = 200, 1_030_000
_CROP = "data.train.crop_sampling"


@dataclass(frozen=True)
class Training:
    """The training of one shuffle."""

    shuffle: int
    engine: str
    network: str
    length: int  # epochs, or iterations with TensorFlow
    batch_size: int | None  # None: DeepLabCut's own
    crop: tuple[int, int] | None = None  # width and height in pixels; None: DeepLabCut's own
    home: HomeSettings | None = None  # whose settings and split it takes over

    @property
    def unit(self) -> str:
        """What the length is counted in."""
        return "iterations" if self.engine == "tensorflow" else "epochs"

    @property
    def length_words(self) -> str:
        """The length, such as `200 epochs`."""
        return f"{self.length:,} {self.unit if self.length > 1 else self.unit[:-1]}"

    @property
    def words(self) -> str:
        """Network, length, and what is known of batches and crops."""
        texts = [self.network, self.length_words]
        texts += [f"batches of {self.batch_size}"] * bool(self.batch_size)
        texts += [f"crops of {self.crop[0]} x {self.crop[1]} pixels"] if self.crop else []
        return ", ".join(texts)

    def to_dict(self) -> dict[str, object]:
        return {
            "shuffle": self.shuffle,
            "engine": self.engine,
            "network": self.network,
            "length": self.length,
            "unit": self.unit,
            "batch_size": self.batch_size,
            "settings_from": self.home.where if self.home else None,
        }


def trainings_of(check: Check) -> tuple[Training, ...]:
    """Return the trainings that a checked project asks for; none where it can't be read."""
    project, request = check.project, check.request
    if project is None or request is None or len(check.homes) != len(request.shuffles):
        return ()
    pairs = zip(request.shuffles, check.homes, strict=True)
    return tuple(training_of(project, request, shuffle, home) for shuffle, home in pairs)


def training_of(
    project: Project, request: Request, shuffle: int, home: HomeSettings | None
) -> Training:
    """Return the training of a shuffle.

    Args:
        home: what the lab, or an earlier run, left of this shuffle.
    """
    engine = engine_of(project, request)
    network = network_of(project, request, home, "")[0]
    # of a shuffle made for another network, the trainer leaves the settings out
    taken = home if home and request.net_type in (None, home.net_type) else None
    if engine == "tensorflow":
        length = request.iterations or (taken.length if taken else None) or _ITERATIONS
    else:
        length = request.epochs or _epochs_of(request, taken)
    batch = request.batch_size or _whole(request.overrides.get("train_settings.batch_size"))
    batch = batch or (taken.batch_size if taken else None)
    crop = _crop(request, taken) if engine == "pytorch" else None
    return Training(shuffle, engine, network, length, batch, crop, taken)


def sentences_of(check: Check, made_by: dict[str, str] | None = None) -> Iterator[str]:
    """Say of each shuffle that takes over what lies in the project what becomes of it.

    Args:
        made_by: of files of settings that an earlier run left, the run's id.
    """
    for training in trainings_of(check):
        if training.home is not None:
            yield _sentence(
                training, training.home.where, (made_by or {}).get(training.home.where)
            )


def _sentence(training: Training, where: str, run_id: str | None) -> str:
    of = f"that run {run_id} left in this project" if run_id else "that lie in this project"
    return (
        f"Shuffle {training.shuffle} is trained with the settings and the split {of} ({where}):"
        f" {training.words}. What dlc-batch.yaml or an option says is counted in. To begin from"
        " DeepLabCut's own settings and a new split, ask for a shuffle of another number"
        " (`shuffles`)."
    )


def _epochs_of(request: Request, home: HomeSettings | None) -> int:
    asked = _whole(request.overrides.get("train_settings.epochs"))
    return asked or (home.length if home else None) or _EPOCHS


def _crop(request: Request, home: HomeSettings | None) -> tuple[int, int] | None:
    width, height = home.crop if home and home.crop else (None, None)
    width = _whole(request.overrides.get(f"{_CROP}.width")) or width
    height = _whole(request.overrides.get(f"{_CROP}.height")) or height
    return (width, height) if width and height else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
