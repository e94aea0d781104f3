"""YAML of an upload, read so that nothing in it can run."""

from __future__ import annotations

from ruamel.yaml import YAML, MappingNode
from ruamel.yaml.constructor import ConstructorError, DuplicateKeyError, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from dlc_batch_core.errors import ProjectError
from dlc_batch_core.problems import Problem

#: config.yaml of 200 videos is 20 kB; the rest is room. The parser takes 25 s a megabyte, and
#: 400 times the memory.
MAX_YAML_BYTES = 500_000
_MERGE = "tag:yaml.org,2002:merge"
#: Longer ones can't be written out (Python stops at 4,300 digits), and no setting needs them.
_MAX_BITS = 64


class _Constructor(SafeConstructor):
    """Refuses merge keys: nested ones grow exponentially, and DeepLabCut writes none."""

    def flatten_mapping(self, node: MappingNode) -> None:
        for key, _ in node.value:
            if key.tag == _MERGE:
                raise ConstructorError(None, None, "merge keys (<<) are not read", key.start_mark)


def read_yaml_mapping(text: str, where: str) -> dict[str, object]:
    """Return the mapping that a YAML file of an upload holds; an empty file is an empty one.

    Args:
        text: the file's content.
        where: its path in the upload, for the problem.

    Raises:
        ProjectError: it is no YAML, holds a tag that would run code, or is not a mapping.
    """
    parser = YAML(typ="safe", pure=True)
    parser.Constructor = _Constructor
    parser.composer.warn_double_anchors = False  # legal YAML, and nobody reads the warning
    try:
        value = parser.load(text)
    except DuplicateKeyError as error:
        raise ProjectError([_problem("yaml-duplicate-key", where, error)]) from error
    except ConstructorError as error:
        raise ProjectError([_problem("yaml-tag", where, error)]) from error
    except YAMLError as error:
        raise ProjectError([_problem("yaml-syntax", where, error)]) from error
    except Exception as error:
        # ruamel lets a dozen kinds through, for nesting without end and for malformed scalars
        raise ProjectError([_problem("yaml-syntax", where, error)]) from error
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ProjectError([_not_a_mapping(where)])
    if _is_endless(value) or not _can_be_written(value):
        raise ProjectError([_no_plain_value(where)])
    return value


def _can_be_written(value: object) -> bool:
    """Whether all of it has a place in a record and in a mail."""
    waiting, seen = [value], set[int]()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:  # aliases: the same object, astronomically often
            continue
        seen.add(id(each))
        if isinstance(each, dict | list | tuple | set):
            waiting.extend(each)
            waiting.extend(each.values() if isinstance(each, dict) else ())
        elif isinstance(each, int) and each.bit_length() > _MAX_BITS:
            return False
        elif isinstance(each, str) and any("\ud800" <= sign <= "\udfff" for sign in each):
            return False  # half a character
    return True


def _is_endless(value: object) -> bool:
    """Whether an alias leads back to what it stands in: nothing that compares or walks ends."""
    around, done = set[int](), set[int]()
    waiting = [(value, False)]
    while waiting:
        each, is_left = waiting.pop()
        if is_left:
            around.discard(id(each))
            done.add(id(each))
        elif id(each) in around:
            return True
        elif isinstance(each, dict | list | tuple | set) and id(each) not in done:
            around.add(id(each))
            waiting.append((each, True))
            parts = each.values() if isinstance(each, dict) else each
            waiting.extend((part, False) for part in parts)
    return False


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


def _no_plain_value(where: str) -> Problem:
    what = (
        "The file holds a number of more than 20 digits, half a character (\\ud800), or an alias"
        " (*name) inside what it stands for."
    )
    return Problem("yaml-value", where, what, "Write plain numbers and text.")


def _not_a_mapping(where: str) -> Problem:
    return Problem(
        "yaml-not-a-mapping",
        where,
        "The file does not hold settings of the form `key: value`.",
        "Write one `key: value` a line.",
    )
