"""Whether an upload can be trained: all that can be told before a GPU starts.

upload    the zip's directory: what is unsafe, where the project lies
settings  dlc-batch.yaml, config.yaml (mended), the pytorch_config.yaml of a shuffle made at home
labels    every label table (mended), and what of it is missing or disappoints
images    that they are there; the heads of them, or of a sample where each is a request
engine    whether the network exists, fits the project, and takes the images
videos    that those to be analysed are there
cameras   that they can be calibrated, as far as the names and heads of images tell
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import partial
from typing import IO, TypeVar

from dlc_batch_core.archive import CONFIG_FILE, read_archive
from dlc_batch_core.cameras import CALIBRATION_IMAGES
from dlc_batch_core.catalogue import problem
from dlc_batch_core.checks.cameras import (
    FAULTY_3D_PROJECT,
    NO_3D_PROJECT,
    SEVERAL_3D_PROJECTS,
    find_camera_problems,
    find_limb_problems,
    find_unasked_calibration,
    problem_of_names,
)
from dlc_batch_core.checks.config import find_unlabelled_videos
from dlc_batch_core.checks.engine import engine_of, find_engine_problems, find_size_problems
from dlc_batch_core.checks.images import (
    Images,
    find_broken_images,
    find_missing_images,
    find_outside_labels,
    read_images,
)
from dlc_batch_core.checks.labels import (
    find_amount_problems,
    find_folder_problems,
    find_kind_problems,
    find_part_problems,
)
from dlc_batch_core.checks.suspicions import find_suspicions
from dlc_batch_core.checks.videos import find_video_problems
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.home_settings import (
    HOME_FILES,
    HomeSettings,
    find_home_config,
    parse_home_settings,
)
from dlc_batch_core.image_header import Size
from dlc_batch_core.label_folders import LabelFolder, find_label_folders, table_name
from dlc_batch_core.labels import (
    MAX_ALL_CELLS,
    MAX_TABLE_BYTES,
    MAX_TABLES_BYTES,
    LabelTable,
    parse_labels,
)
from dlc_batch_core.limits import Limits
from dlc_batch_core.mending import mend_settings, mend_videos
from dlc_batch_core.problems import Problem, Severity, are_trainable, in_stable_order
from dlc_batch_core.project import Project, parse_project
from dlc_batch_core.project_files import ProjectFiles, ReadableArchive, relative_to
from dlc_batch_core.ranged_file import RangedFile
from dlc_batch_core.request import REQUEST_FILE, Request, parse_request
from dlc_batch_core.roots import find_roots
from dlc_batch_core.three_d import Project3D, is_3d
from dlc_batch_core.yaml_reader import MAX_YAML_BYTES, read_yaml_mapping

_Read = TypeVar("_Read")


@dataclass(frozen=True)
class Check:
    """What a check found. Project and request are None where they could not be read.

    The request's cameras are filled in from a 3D project, where there is one.

    Problems name places relative to the project's root, but for those of the zip as a whole.
    """

    problems: tuple[Problem, ...]
    root: str = ""
    project: Project | None = None
    request: Request | None = None
    mended: tuple[str, ...] = ()
    config: Mapping[str, object] = field(default_factory=dict)  # as it was mended
    tables: tuple[LabelTable, ...] = ()
    homes: tuple[HomeSettings | None, ...] = ()  # of the shuffles that are asked for
    images_3d: str | None = None  # see RunRequest
    asks_for_cameras: bool = False  # dlc-batch.yaml does, and not a 3D project alone
    cameras_told: tuple[str, ...] = ()  # where they were calibrated: sentences for the lab

    @property
    def is_trainable(self) -> bool:
        return are_trainable(self.problems)


def check_upload(file: IO[bytes], name: str, limits: Limits = Limits()) -> Check:  # noqa: B008  # it is frozen
    """Check a zipped project; never raises for what an upload may hold.

    Args:
        file: the zip, seekable; read by its directory, its text members and the heads of images.
        name: what problems call the zip.
        limits: how much of it is accepted.
    """
    try:
        archive = read_archive(file, name, limits)
        return check_archive(archive, name, isinstance(file, RangedFile))
    except ProjectError as error:
        return Check(error.problems)


def check_archive(archive: ReadableArchive, name: str, is_remote: bool = False) -> Check:
    """Check a project in a zip, or in a folder that looks like one.

    Args:
        archive: the upload.
        name: what problems call it.
        is_remote: whether each read of it costs a request.

    Raises:
        ProjectError: there is no project, or more than one.
    """
    roots = find_roots(archive, name)
    files = ProjectFiles(archive, roots.root, is_remote, roots.three_d)
    found = _Checking(files, roots.three_d, roots.are_several_3d).run(None)
    cameras = found.request.cameras if found.request else None
    intake = roots.intake(cameras).find_problems(archive)
    problems = [*found.problems, *relative_to(roots.root, [*roots.problems, *intake])]
    return replace(found, problems=in_stable_order(problems), images_3d=roots.images_3d)


def check_files(files: ProjectFiles, request: Request | None = None) -> Check:
    """Check a project's files.

    Args:
        files: of the project.
        request: what is asked for; None: what dlc-batch.yaml says. Cameras that were checked
            before are not again: their images need not be there any more.
    """
    return _Checking(files).run(request)


@dataclass
class _Budget:
    """What all label tables of a project may take."""

    bytes: int = MAX_TABLES_BYTES
    cells: int = MAX_ALL_CELLS

    def spend_bytes(self, count: int, path: str) -> None:
        self.bytes -= count
        if self.bytes < 0 or count > MAX_TABLE_BYTES:
            what = f"The table has more than {MAX_TABLE_BYTES >> 20} MB, or all tables have more"
            what += f" than {MAX_TABLES_BYTES >> 20} MB."
            raise ProjectError([problem("labels-too-large", path, what)])

    def spend_cells(self, count: int, path: str) -> None:
        self.cells -= count
        if self.cells < 0:
            what = f"With this table the labels have more than {MAX_ALL_CELLS:,} cells."
            raise ProjectError([problem("labels-too-large", path, what)])


@dataclass
class _Checking:
    """One check at work: no step stops the ones after it."""

    files: ProjectFiles
    three_d: Project3D | None = None
    are_several_3d: bool = False
    problems: list[Problem] = field(default_factory=list)
    asks_for_cameras: bool = False  # dlc-batch.yaml does, and not a 3D project alone

    def run(self, asked: Request | None) -> Check:
        request = asked or self._attempt(self._read_request)
        written = self._attempt(lambda: self._read_yaml(CONFIG_FILE))
        settings = mend_settings(written or {})
        project = self._read_project(written)
        scorer = settings.config.get("scorer")
        folders = find_label_folders(self.files.paths)
        is_2d = isinstance(scorer, str) and not is_3d(written or {})
        tables = self._read_tables(folders, str(scorer)) if is_2d else ()
        images = self._check_labels(tables, folders, project)
        videos = mend_videos(
            settings.config, [table.folder for table in tables], images.by_folder(tables)
        )
        if tables:
            labelled = [folder.name for folder in folders if folder.tables or folder.others]
            self.problems += find_unlabelled_videos(written or {}, labelled, CONFIG_FILE)
        homes: tuple[HomeSettings | None, ...] = ()
        if project is not None and request is not None:
            homes = self._check_engine(project, request, images)
        if request is not None:
            sizes = {table.folder: images.sizes_of(table) for table in tables}
            request = request if asked else self._check_cameras(request, sizes)
            self.problems += find_video_problems(request, self.files)
        if project is not None and request is not None and not asked:
            self.problems += self._check_in_space(request, project)
        notes = [*settings.notes, *videos.notes, *(note for t in tables for note in t.mended)]
        return Check(
            in_stable_order(self.problems),
            self.files.root,
            project,
            request,
            tuple(notes),
            videos.config,
            tables,
            homes,
            asks_for_cameras=self.asks_for_cameras,
        )

    def _attempt(self, read: Callable[[], _Read]) -> _Read | None:
        try:
            return read()
        except ProjectError as error:
            self.problems += error.problems
            return None

    def _read_yaml(self, path: str) -> dict[str, object]:
        return read_yaml_mapping(self.files.read_text(path, MAX_YAML_BYTES), path)

    def _read_request(self) -> Request:
        if REQUEST_FILE not in self.files:
            return Request()
        return parse_request(self.files.read_text(REQUEST_FILE, MAX_YAML_BYTES), REQUEST_FILE)

    def _read_project(self, config: Mapping[str, object] | None) -> Project | None:
        if config is None:
            return None
        return self._attempt(lambda: parse_project(config, CONFIG_FILE))

    def _read_tables(self, folders: Sequence[LabelFolder], scorer: str) -> tuple[LabelTable, ...]:
        self.problems += find_folder_problems(folders, scorer)
        wanted = [f for f in folders if table_name(scorer) in f.tables]
        tables: list[LabelTable] = []
        budget = _Budget()
        for folder in wanted:
            path = folder.path + table_name(scorer)
            table = self._attempt(lambda: self._read_table(path, folder.name, budget))  # noqa: B023  # called at once
            tables += [table] if table else []
        return tuple(tables)

    def _read_table(self, path: str, folder: str, budget: _Budget) -> LabelTable:
        budget.spend_bytes(self.files.size(path), path)
        table = parse_labels(self.files.read_text(path, MAX_TABLE_BYTES), path, folder)
        budget.spend_cells(table.cells, path)
        return table

    def _check_labels(
        self,
        tables: Sequence[LabelTable],
        folders: Sequence[LabelFolder],
        project: Project | None,
    ) -> Images:
        if not tables:
            return Images()
        is_whole = len(tables) == sum(bool(folder.tables or folder.others) for folder in folders)
        if is_whole:  # else what is missing may be in a table that could not be read
            self.problems += find_amount_problems(tables)
        if project is not None and is_whole:
            kinds = find_kind_problems(tables, project)
            self.problems += kinds or find_part_problems(tables, project)
        self.problems += find_missing_images(tables, folders)
        images = read_images(tables, self.files)
        self.problems += find_broken_images(tables, images)
        self.problems += find_outside_labels(tables, images)
        self.problems += find_suspicions(tables)
        return images

    def _check_cameras(self, request: Request, labelled: Mapping[str, Set[Size]]) -> Request:
        """Check the cameras of a request; return it with what a 3D project tells of them.

        `labelled` has the sizes of labelled frames by folder.

        Where a 3D project alone names cameras, nobody asked for more than the training: what is
        wrong with them stops nothing.
        """
        asked = request.cameras
        self.asks_for_cameras = asked is not None
        is_named = asked is not None and asked.names
        if self.three_d is not None and not self.three_d.names and not is_named:
            self.problems.append(problem_of_names(self.three_d))
        cameras = self.three_d.fill(asked, self.files.root) if self.three_d else asked
        if cameras is None:
            return request
        cameras = replace(cameras, calibration=cameras.calibration or CALIBRATION_IMAGES)
        request = replace(request, cameras=cameras)
        found = find_camera_problems(cameras, request, self.files, labelled, self._why_nameless)
        if asked is None:
            found = (replace(each, severity=Severity.WARNING) for each in found)
        self.problems += found
        return request

    def _check_in_space(self, request: Request, project: Project) -> list[Problem]:
        """Find what of the cameras is worth telling only of a project that can be read."""
        if request.cameras is not None:
            return find_limb_problems(request.cameras, project)
        has_3d_project = self.three_d is not None or self.are_several_3d
        if has_3d_project or not request.triangulate:
            return []
        return find_unasked_calibration(self.files)

    @property
    def _why_nameless(self) -> str:
        if self.three_d is not None:
            return FAULTY_3D_PROJECT
        return SEVERAL_3D_PROJECTS if self.are_several_3d else NO_3D_PROJECT

    def _check_engine(
        self, project: Project, request: Request, images: Images
    ) -> tuple[HomeSettings | None, ...]:
        read = partial(self._read_home, project, engine_of(project, request))
        homes = tuple(self._attempt(partial(read, shuffle)) for shuffle in request.shuffles)
        found: list[Problem] = []
        for home in homes:
            found += find_engine_problems(project, request, home, CONFIG_FILE)
            found += find_size_problems(project, request, home, images)
        self.problems += dict.fromkeys(found)  # what is wrong with all shuffles is told once
        return homes

    def _read_home(self, project: Project, engine: str, shuffle: int) -> HomeSettings | None:
        if engine not in HOME_FILES:
            return None
        path = find_home_config(self.files.paths, project, shuffle, engine)
        return None if path is None else parse_home_settings(self._read_yaml(path), path)
