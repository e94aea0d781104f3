"""Whether the label tables can be trained on, and what may disappoint in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from dlc_batch_core.catalogue import problem
from dlc_batch_core.label_folders import LabelFolder, table_name
from dlc_batch_core.labels import FOLDER, SINGLE, LabelTable
from dlc_batch_core.problems import Problem
from dlc_batch_core.project import Project
from dlc_batch_core.words import counted, listed

#: DeepLabCut extracts 20 frames of a video by default, and its guide advises 100 to 200 in all.
FEW_FRAMES = 50
#: Our choice: below both, a body part is too rare to be learned or scored.
_RARE_FRAMES, _RARE_SHARE = 10, 0.1


def find_folder_problems(folders: Sequence[LabelFolder], scorer: str) -> list[Problem]:
    """Find what is wrong with which tables there are."""
    place = f"{FOLDER}/"
    if not any(each.tables or each.others or each.images for each in folders):
        return [problem("no-labels", place, "The project holds no labelled data.")]
    wanted = table_name(scorer)
    if not any(wanted in folder.tables for folder in folders):
        return [_no_table(folders, wanted)]
    unlabelled = {f.name.casefold(): f for f in folders if f.images and not f.tables}
    found = [p for each in folders for p in _problems_of_folder(each, wanted, unlabelled)]
    twins = {p.where.casefold() for p in found if p.code == "image-case"}
    is_told = {p for p in found if p.code == "frames-not-labelled" and p.where.casefold() in twins}
    return [p for p in found if p not in is_told]


def _no_table(folders: Sequence[LabelFolder], wanted: str) -> Problem:
    others = sorted({name for folder in folders for name in folder.tables})
    if not others:
        what = f"No folder of labelled data holds {wanted}."
        return problem("no-label-table", f"{FOLDER}/", what)
    what = f"No folder of labelled data holds {wanted}; there is {listed(others, 3)}."
    return problem("label-scorer", f"{FOLDER}/", what)


def _problems_of_folder(
    folder: LabelFolder, wanted: str, unlabelled: Mapping[str, LabelFolder]
) -> Iterator[Problem]:
    if wanted in folder.tables:
        if more := [name for name in folder.tables if name != wanted]:
            what = f"The folder also holds {listed(more)}; only {wanted} is trained on."
            yield problem("label-table-unused", folder.path, what)
        if not folder.images and folder.name.casefold() in unlabelled:
            other = unlabelled[folder.name.casefold()].path
            what = f"The folder's images lie in {other}, a name in other case."
            yield problem("image-case", folder.path, what, "Give both folders one name.")
        elif not folder.images:
            what = "The folder has labels, but not one image."
            yield problem("no-images", folder.path, what)
    elif labels := [*folder.tables, *folder.others]:
        what = f"The folder holds labels ({listed(labels)}), but no {wanted}."
        yield problem("label-table-lost", folder.path, what)
    elif folder.images and not folder.is_drawn:
        what = f"The folder has {counted(len(folder.images), 'images')}, but no labels."
        yield problem("frames-not-labelled", folder.path, what)


def find_amount_problems(tables: Sequence[LabelTable]) -> list[Problem]:
    """Find whether there is too little that is labelled."""
    frames = sum(1 for table in tables for row in table.rows if any(row.points))
    if frames < 2:
        what = f"The project has {frames} labelled frame{'s' * (frames != 1)}; two are needed."
        return [problem("too-few-labels", f"{FOLDER}/", what)]
    labelled = [table for table in tables if any(any(row.points) for row in table.rows)]
    found = [
        problem("table-without-labels", table.where, "Not one of its cells is filled.")
        for table in tables
        if not any(table is each for each in labelled)
    ]
    if frames < FEW_FRAMES:
        what = f"The project has {frames} labelled frames."
        found.append(problem("few-frames", f"{FOLDER}/", what))
    if len(labelled) == 1:
        what = f"All labelled frames are of one video, {labelled[0].folder}."
        found.append(problem("one-video", f"{FOLDER}/", what))
    return found


def find_kind_problems(tables: Sequence[LabelTable], project: Project) -> list[Problem]:
    """Find tables of several animals in a project of one, and the other way round."""
    found = []
    for table in tables:
        is_multi = any(column.individual for column in table.columns)
        if is_multi != project.is_multi_animal:
            what = f"The table {'has a' if is_multi else 'has no'} row `individuals`, and "
            what += f"`multianimalproject` is {str(project.is_multi_animal).lower()}."
            found.append(problem("label-individuals-row", table.where, what))
    return found


def find_part_problems(tables: Sequence[LabelTable], project: Project) -> list[Problem]:
    """Find body parts and individuals that differ between config.yaml and the tables."""
    if project.is_multi_animal:
        found = _individual_problems(tables, project)
        animals = _Parts(tables, lambda name: name != SINGLE)
        shared = _Parts(tables, lambda name: name == SINGLE)
        found += animals.problems(project.body_parts, "multianimalbodyparts")
        return found + shared.problems(project.unique_parts, "uniquebodyparts")
    return _Parts(tables, lambda _: True).problems(project.body_parts, "bodyparts")


class _Parts:
    """The body parts of all tables: on how many frames each is labelled, and where it first is."""

    def __init__(self, tables: Sequence[LabelTable], is_of: Callable[[str], bool]) -> None:
        self.counts: Counter[str] = Counter()
        self.places: dict[str, str] = {}
        self.frames = sum(len(table.rows) for table in tables)
        for table in tables:
            wanted = [n for n, c in enumerate(table.columns) if is_of(c.individual)]
            for n in wanted:
                name = table.columns[n].body_part
                self.places.setdefault(name, table.where)
                self.counts[name] += 0
            for row in table.rows:
                parts = {table.columns[n].body_part for n in wanted if row.points[n]}
                self.counts.update(parts)

    def problems(self, wanted: Sequence[str], key: str) -> list[Problem]:
        return [*self._missing(wanted, key), *self._unknown(wanted, key), *self._rare(wanted)]

    def _missing(self, wanted: Sequence[str], key: str) -> Iterator[Problem]:
        if missing := [name for name in wanted if name not in self.counts]:
            what = f"`{key}` lists body parts that are in no label table: {listed(missing)}."
            yield problem("bodypart-not-in-tables", "config.yaml", what)

    def _unknown(self, wanted: Sequence[str], key: str) -> Iterator[Problem]:
        unknown = [n for n, count in self.counts.items() if count and n not in set(wanted)]
        if unknown:
            what = f"These labelled body parts are not in `{key}`: {listed(unknown)}."
            what += f" The first is in {self.places[unknown[0]]}."
            yield problem("bodypart-not-in-config", "config.yaml", what)

    def _rare(self, wanted: Sequence[str]) -> Iterator[Problem]:
        known = [name for name in wanted if name in self.counts]
        if never := [name for name in known if not self.counts[name]]:
            what = f"Not one frame has a label of {listed(never)}."
            yield problem("bodypart-never-labelled", self.places[never[0]], what)
        least = min(_RARE_FRAMES, _RARE_SHARE * self.frames)
        for name in known:
            if 0 < (count := self.counts[name]) < least:
                what = f"{name} is labelled in {count} of {self.frames} frames."
                yield problem("bodypart-rarely-labelled", self.places[name], what)


def _individual_problems(tables: Sequence[LabelTable], project: Project) -> list[Problem]:
    seen = dict.fromkeys(name for table in tables for name in table.individuals)
    unknown = [name for name in seen if name not in project.individuals]
    missing = [name for name in project.individuals if name not in seen]
    found = []
    if unknown:
        found.append(f"The tables have {listed(unknown)}, which `individuals` does not list.")
    if missing:
        found.append(f"`individuals` lists {listed(missing)}, which no table has.")
    whole = [problem("label-individuals", "config.yaml", " ".join(found))] if found else []
    return whole + list(_incomplete(tables))


def _incomplete(tables: Iterable[LabelTable]) -> Iterator[Problem]:
    """DeepLabCut takes the columns for a box of animals by body parts."""
    for table in tables:
        animals = [column for column in table.columns if column.individual != SINGLE]
        parts = {column.body_part for column in animals}
        if len(animals) != len(parts) * len(table.individuals):
            what = "Not every individual has columns for every body part."
            yield problem("label-individuals", table.where, what)
