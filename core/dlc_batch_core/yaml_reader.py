"""YAML of an upload, read so that nothing in it can run."""

from __future__ import annotations

from ruamel.yaml import YAML
from ruamel.yaml.constructor import ConstructorError, DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from dlc_batch_core.errors import ProjectError
from dlc_batch_core.problems import Problem

#: config.yaml of 200 videos is 20 kB; the rest is room.
MAX_YAML_BYTES = 1_000_000


def read_yaml_mapping(text: str, where: str) -> dict[str, object]:
    """Return the mapping that a YAML file of an upload holds; an empty file is an empty one.

    Args:
        text: the file's content.
        where: its path in the upload, for the problem.

    Raises:
        ProjectError: it is no YAML, holds a tag that would run code, or is not a mapping.
    """
    try:
        value = YAML(typ="safe", pure=True).load(text)
    except DuplicateKeyError as error:
        raise ProjectError([_problem("yaml-duplicate-key", where, error)]) from error
    except ConstructorError as error:
        raise ProjectError([_problem("yaml-tag", where, error)]) from error
    except YAMLError as error:
        raise ProjectError([_problem("yaml-syntax", where, error)]) from error
    except (RecursionError, ValueError, TypeError, AttributeError, IndexError) as error:
        # ruamel lets these through for nesting without end and for malformed scalars
        raise ProjectError([_problem("yaml-syntax", where, error)]) from error
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ProjectError([_not_a_mapping(where)])
    return value


_REMEDIES = {
    "yaml-duplicate-key": "Keep one of the two entries.",
    "yaml-tag": "Remove the tag (the word that starts with !): only plain YAML is read.",
    "yaml-syntax": "Open the file in an editor and mend the line; indent with spaces, not tabs.",
}


def _problem(code: str, where: str, error: Exception) -> Problem:
    place, what = where, "The file is not valid YAML."
    if isinstance(error, MarkedYAMLError):
        if error.problem_mark is not None:
            place = f"{where}, line {error.problem_mark.line + 1}"
        if error.problem:
            what = f"The file is not valid YAML: {' '.join(str(error.problem).split())[:300]}."
    return Problem(code, place, what, _REMEDIES[code])


def _not_a_mapping(where: str) -> Problem:
    return Problem(
        "yaml-not-a-mapping",
        where,
        "The file does not hold settings of the form `key: value`.",
        "Write one `key: value` a line.",
    )
