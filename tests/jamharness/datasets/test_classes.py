import numpy as np
import pytest

from jamharness.api import BadInput
from jamharness.datasets.classes import choice_problem, halves

DIGITS = np.arange(10)
NAMES = np.array(["cat", "dog", "cat", "emu"])


@pytest.mark.parametrize(
    ("classes", "choice", "expected"),
    [
        (DIGITS, "parity", [0, 1] * 5),
        (np.array([3, 8, 3]), "parity", [1, 0, 1]),
        (np.array([-1, 1, 1]), "parity", [0, 1, 1]),
        (np.array([2, 8, 2]), "parity", [0, 1, 0]),
        (np.array(["no", "yes", "no"]), "parity", [0, 1, 0]),
        (DIGITS, "7/rest", [1, 1, 1, 1, 1, 1, 1, 0, 1, 1]),
        (DIGITS, "rest/7", [0, 0, 0, 0, 0, 0, 0, 1, 0, 0]),
        (DIGITS, "0, 1,2/9", [0, 0, 0, -1, -1, -1, -1, -1, -1, 1]),
        (NAMES, "cat/rest", [0, 1, 0, 1]),
        (NAMES, "emu/cat", [1, -1, 1, 0]),
    ],
)
def test_classes_become_two(classes, choice, expected):
    """0 stands for −1, 1 for +1, and what is in neither list is left out."""
    assert choice_problem(choice) == ""
    assert halves(classes, choice).tolist() == expected


@pytest.mark.parametrize("choice", ["", "odd", "1,2", "1/2/3", "1,/2", "1/1", "1,2/2,3", "rest/rest", "1,rest/2", "/1"])
def test_a_choice_that_cannot_be_is_one_sentence(choice):
    """Without looking at any data."""
    assert choice_problem(choice).startswith("classes = ")


@pytest.mark.parametrize(
    ("classes", "choice", "sentence"),
    [
        (NAMES, "parity", "the classes are no numbers but cat, dog, emu; say which"),
        (NAMES, "cow/rest", "'cow'"),
        (np.array([2, 4, 6]), "parity", "no pattern is of class +1; there are 2, 4, 6"),
        (np.array([3, 3]), "parity", "all labels are 3; at least two are needed"),
    ],
)
def test_a_choice_that_the_classes_do_not_allow_names_them(classes, choice, sentence):
    """What there is stands in the sentence."""
    with pytest.raises(BadInput, match="class") as caught:
        halves(classes, choice)
    assert sentence in str(caught.value)
