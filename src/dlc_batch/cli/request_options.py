"""An option for each key of dlc-batch.yaml, made of the one schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import click

from dlc_batch.request_changes import RequestChanges
from dlc_batch_core.camera_fields import CAMERA_FIELDS
from dlc_batch_core.check import Check
from dlc_batch_core.errors import ProjectError
from dlc_batch_core.problems import Problem
from dlc_batch_core.request import FIELDS, REQUEST_FILE
from dlc_batch_core.request_field import RequestField
from dlc_batch_core.yaml_reader import read_yaml_mapping

#: By `--set` and `--camera` instead.
_OVERRIDES, _CAMERAS = "overrides", "cameras"
#: What stands together in the help; each key is in one of them.
GROUPS = {
    "What to train, over what dlc-batch.yaml says": (
        "engine net_type shuffles epochs iterations batch_size weights seed validation overrides"
    ),
    "What to do after": (
        "evaluate analyze_videos filtered_predictions labeled_videos cameras triangulate"
        " export_model"
    ),
    "Limits": "time_limit_hours checkpoint_minutes stall_minutes",
    "Speed": ("loader_workers image_cache mixed_precision channels_last fast_kernels"),
}


class _Value(click.ParamType):  # type: ignore[type-arg]  # generic in newer clicks only
    """A value as dlc-batch.yaml would hold it; lists may be written with commas alone."""

    def __init__(self, field: RequestField) -> None:
        self.name, self._field = field.name, field

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        for reading in _readings(value):
            if self._field.accepts(reading):
                return reading
        return self.fail(f"`{value}` is not {self._field.expects}.", param, ctx)


class _Setting(click.ParamType):  # type: ignore[type-arg]  # likewise
    """PATH=VALUE."""

    name = "setting"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, object]:
        path, sign, text = value.partition("=")
        read = next(_readings(text), None) if sign and path and text else None
        if read is None:
            self.fail(f"`{value}` is not PATH=VALUE.", param, ctx)
        return path.strip(), read


class _CameraSetting(click.ParamType):  # type: ignore[type-arg]  # likewise
    """SETTING=VALUE of a camera or the board; whether there is such a one the check says."""

    name = "setting"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, object]:
        path, sign, text = value.partition("=")
        if not (sign and path.strip() and text):
            self.fail(f"`{value}` is not SETTING=VALUE.", param, ctx)
        field = _setting_of_cameras(path.strip())
        readings = [each for each in _readings(text) if field is None or field.accepts(each)]
        if field is not None and not readings:
            self.fail(f"`{text}` is not {field.expects}.", param, ctx)
        return path.strip(), readings[0]


def _setting_of_cameras(path: str) -> RequestField | None:
    """Return the key that a dotted path leads to, where the schema has it."""
    fields: tuple[RequestField, ...] = CAMERA_FIELDS
    found = None
    for name in path.split("."):
        found = next((each for each in fields if each.name == name), None)
        fields = found.fields if found else ()
    return found


class RequestCommand(click.Command):
    """A command whose options for the request stand in groups."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        names = {name: title for title, group in GROUPS.items() for name in group.split()}
        rows: dict[str, list[tuple[str, str]]] = {title: [] for title in ["Options", *GROUPS]}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record is not None:
                rows[names.get(param.name or "", "Options")].append(record)
        for title, records in rows.items():
            with formatter.section(title):
                formatter.write_dl(records)


def options() -> list[click.Option]:
    """Return the options, in the order of the schema."""
    return [_option(field) for field in FIELDS]


def changes_of(asked: Mapping[str, Any]) -> RequestChanges:
    """Return what the options said, by the names of their keys."""
    values = {name: value for name, value in asked.items() if value is not None}
    overrides, cameras = dict(values.pop(_OVERRIDES, ())), dict(values.pop(_CAMERAS, ()))
    return RequestChanges(values, overrides, cameras)


def blame_options(found: Check, changes: RequestChanges) -> Check:
    """Name the options where the check found what they asked for in dlc-batch.yaml."""
    return replace(found, problems=tuple(_blamed(each, changes) for each in found.problems))


def _blamed(found: Problem, changes: RequestChanges) -> Problem:
    """Return a problem with the option that brought it as its place; else as it is."""
    if found.where != REQUEST_FILE:
        return found
    quoted = [text.partition(":")[0] for text in re.findall(r"`([^`]+)`", found.what)]
    if found.code.startswith("net-type"):  # it quotes the network
        quoted.insert(0, "net_type")
    for name in quoted:
        if name in changes.overrides:
            return replace(found, where=f"--set {name}")
        if name in changes.values:
            remedy = found.remedy.replace(f"`{name}` in {REQUEST_FILE}", _flag(name))
            return replace(found, where=_flag(name), remedy=remedy)
    return found


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _option(field: RequestField) -> click.Option:
    flag = _flag(field.name)
    if field.name == _OVERRIDES:
        return click.Option(
            ["--set", _OVERRIDES],
            type=_Setting(),
            multiple=True,
            metavar="PATH=VALUE",
            help="One of DeepLabCut's own settings, such as data.train.crop_sampling.width=128"
            " (docs/request.md lists them). May be said several times.",
        )
    if field.name == _CAMERAS:
        return click.Option(
            ["--camera", _CAMERAS],
            type=_CameraSetting(),
            multiple=True,
            metavar="SETTING=VALUE",
            help="A setting of `cameras`, for poses in three dimensions, such as names=left,right"
            " or board.columns=9 (docs/request.md lists them). May be said several times.",
        )
    if _is_switch(field):
        no = f"--no-{field.name.replace('_', '-')}"
        return click.Option([f"{flag}/{no}", field.name], default=None, help=field.doc)
    is_list = field.accepts([]) or field.accepts([1])
    metavar = f"{_noun(field)},..." if is_list else _noun(field)
    return click.Option([flag, field.name], type=_Value(field), metavar=metavar, help=field.doc)


def _is_switch(field: RequestField) -> bool:
    return field.accepts(True) and field.accepts(False) and not field.accepts([])


def _noun(field: RequestField) -> str:
    if field.accepts([]):
        return "PATH"
    return "NUMBER" if field.accepts(1) or field.accepts([1]) else "NAME"


def _readings(text: str) -> Iterator[object]:
    """Return what a text may mean: a value of YAML, or a list, of such values or of texts."""
    whole = _read(text)
    if whole is not None:
        yield whole
    items = [item.strip() for item in text.split(",")]
    yield [_read(item) for item in items]
    yield items


def _read(text: str) -> object:
    try:
        return read_yaml_mapping(f"value: {text}", "the option").get("value")
    except ProjectError:
        return None
