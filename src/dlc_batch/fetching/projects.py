"""Whether a run's results belong into a folder: another project has no use for its network."""

from __future__ import annotations

import re
from pathlib import Path

from dlc_batch.fetching.results import Result
from dlc_batch_core.archive import CONFIG_FILE
from dlc_batch_core.errors import LabError, ProjectError
from dlc_batch_core.yaml_reader import MAX_YAML_BYTES, read_yaml_mapping

#: The folder of a shuffle's model, as DeepLabCut names it: Task and date, then these.
_MODEL = re.compile(r"(.+)-trainset[0-9]+shuffle[0-9]+")


class OtherProject(LabError):
    """The run is of one project, and the folder of another."""

    def __init__(self, folder: Path, of_run: str, of_folder: str) -> None:
        super().__init__(
            f"This run is of project {of_run}, and {folder} is of project {of_folder} (Task and"
            " date of its config.yaml). Nothing was fetched.",
            "Name the folder of the run's own project, or a new folder. To put it there all the"
            " same: --other-project (in Python, other_project=True).",
        )
        self.of_run, self.of_folder = of_run, of_folder


def check_project(results: tuple[Result, ...], folder: Path) -> None:
    """Compare the project that names of results tell with that of the folder's config.yaml.

    A folder without one that can be read is taken for no project's, and any run goes there.

    Raises:
        OtherProject: they are two.
    """
    names = {part for result in results for part in result.path.parts}
    of_run = {found[1] for name in names if (found := _MODEL.fullmatch(name))}
    of_folder = _project_of(folder)
    if of_run and of_folder is not None and of_folder not in of_run:
        raise OtherProject(folder, min(of_run), of_folder)


def _project_of(folder: Path) -> str | None:
    """Return Task and date as DeepLabCut joins them in names; None: it can't be told."""
    try:
        with (folder / CONFIG_FILE).open("rb") as file:
            text = file.read(MAX_YAML_BYTES + 1).decode("utf-8-sig")
        config = read_yaml_mapping(text, CONFIG_FILE)
    except (OSError, UnicodeDecodeError, ProjectError):
        return None
    if not all(config.get(key) for key in ("Task", "date")):
        return None
    return f"{config['Task']}{config['date']}"
