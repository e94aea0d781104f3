"""What is asked for from Python, as dlc-batch.yaml has it."""

from fractions import Fraction

import numpy as np
import pytest

from dlc_batch.request_changes import RequestChanges
from dlc_batch_core.request import parse_request
from dlc_batch_core.yaml_reader import read_yaml_mapping


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.int64(3), 3),
        (np.uint8(3), 3),
        (np.float64(1.5), 1.5),
        (np.float32(1.5), 1.5),
        (np.longdouble(1.5), 1.5),
        (np.bool_(False), False),
        (np.array([1, 2]), [1, 2]),
        ([np.int64(1), np.int64(2)], [1, 2]),
        (Fraction(1, 2), 0.5),
        (np.str_("auto"), "auto"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_numbers_of_numpy_are_plain_ones(value: object, plain: object) -> None:
    changes = RequestChanges({"any": value}, {"a.b": value})
    read = read_yaml_mapping(changes.over(""), "dlc-batch.yaml")
    assert read == {"any": plain, "overrides": {"a.b": plain}}
    assert type(read["any"]) is type(plain)


def test_a_request_of_numpys_numbers_is_taken() -> None:
    asked = {"epochs": np.int64(3), "evaluate": np.bool_(False), "shuffles": np.arange(1, 3)}
    found = parse_request(RequestChanges(asked).over(""))
    assert (found.epochs, found.evaluate, found.shuffles) == (3, False, (1, 2))
