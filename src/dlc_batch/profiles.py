"""Names for the stacks that a person works with, in a file of the user's settings.

Beside it lie the ids of the runs that were listed last, for a shell to complete. Neither holds
credentials: those stay with AWS's own configuration.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from dlc_batch.where import Where
from dlc_batch_core.errors import LabError

_PROFILES, _RECENT = "profiles.json", "recent-runs.json"
_MOST_RECENT = 50


@dataclass(frozen=True)
class Profile:
    """Where a stack is, and whose runs in it are meant."""

    cloud: str = Where.AWS  # as --cloud has it
    stack: str | None = None  # None, here and below: as without a profile
    region: str | None = None
    profile: str | None = None  # of AWS
    lab: str | None = None


@dataclass(frozen=True)
class Settings:
    """The folder of a user's settings for dlc-batch."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / _PROFILES

    def profiles(self) -> dict[str, Profile]:
        """Return the profiles by name.

        Raises:
            LabError: their file can't be read, or says what no profile can.
        """
        try:
            values = json.loads(self.file.read_text("utf-8"))
            if not isinstance(values, dict):
                raise ValueError("it holds no profiles by name")
            return {name: _profile(name, each) for name, each in values.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            remedy = "Mend it, or delete it and add the profiles anew."
            raise LabError(f"{self.file} can't be read: {error}.", remedy) from error

    def find(self, name: str) -> Profile:
        """Return the profile of this name.

        Raises:
            LabError: there is none.
        """
        profiles = self.profiles()
        if name not in profiles:
            names = ", ".join(sorted(profiles)) or "none yet"
            remedy = f"There are: {names}. To add one: dlc-batch profile add {name} --stack STACK"
            raise LabError(f"There is no profile {name}.", remedy)
        return profiles[name]

    def put(self, name: str, profile: Profile | None) -> None:
        """Write a profile, or remove it; the others stay as they are."""
        profiles = self.profiles()
        if profile is None:
            profiles.pop(name, None)
        else:
            profiles[name] = profile
        _write(self.file, {each: _given(profiles[each]) for each in sorted(profiles)})

    def remember_runs(self, run_ids: Iterable[str]) -> None:
        """Put runs before those that are known; a folder that can't be written is no matter."""
        ids = list(dict.fromkeys([*run_ids, *self.recent_runs()]))[:_MOST_RECENT]
        with contextlib.suppress(OSError):
            _write(self.folder / _RECENT, ids)

    def recent_runs(self) -> list[str]:
        """Return the runs that were listed last, newest first."""
        try:
            return [str(each) for each in json.loads((self.folder / _RECENT).read_text("utf-8"))]
        except (OSError, ValueError, TypeError):
            return []


def settings() -> Settings:
    """Return the user's settings, in the platform's own folder for them."""
    return Settings(Path(click.get_app_dir("dlc-batch")))


def _profile(name: str, value: object) -> Profile:
    """Return what somebody wrote as one; keys that it does not know are ignored.

    Raises:
        ValueError: it can't be one.
    """
    if not isinstance(value, dict):
        raise ValueError(f"profile {name} is no object of keys and values")
    known = Profile.__dataclass_fields__
    given = {key: value[key] for key in known if value.get(key) is not None}
    for key, each in given.items():
        if not isinstance(each, str):
            raise ValueError(f"`{key}` of profile {name} is no text")
    if given.get("cloud", Where.AWS) not in list(Where):
        names = ", ".join(Where)
        raise ValueError(f"`cloud` of profile {name} is {given['cloud']}, and none of {names}")
    return Profile(**given)


def _given(profile: Profile) -> dict[str, str]:
    return {name: value for name, value in asdict(profile).items() if value is not None}


def _write(file: Path, value: object) -> None:
    """Replace a file at once."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            json.dump(value, opened, indent=1, ensure_ascii=False)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
