"""Every value that cannot be is refused by a sentence of its own, all at once."""

import pytest
from jamharness_protocols.jamming.protocol import Jamming

Settings = Jamming.Settings
WRONG = [
    ({"seeds": 0}, "seeds = 0: ask for at least 1"),
    ({"seed": -1}, "seed = -1: the first seed must be 0 or more"),
    ({"budget": 0}, "budget = 0: give at least 1 step"),
    ({"margin": 0.0}, "margin = 0.0: the margin κ must be a number from 1e-06 to 1e+06"),
    ({"margin": 1e-300}, "margin = 1e-300: the margin κ must be a number from 1e-06 to 1e+06"),
    ({"margin": 2e6}, "margin = 2000000.0: the margin κ must be a number from 1e-06 to 1e+06"),
    ({"margin": float("nan")}, "margin = nan: the margin κ must be a number from 1e-06 to 1e+06"),
    ({"margin": float("inf")}, "margin = inf: the margin κ must be a number from 1e-06 to 1e+06"),
    ({"test_fraction": 1.0}, "test_fraction = 1.0: it must be at least 0 and below 1"),
    ({"test_fraction": -0.1}, "test_fraction = -0.1: it must be at least 0 and below 1"),
    ({"width": 0, "inputs": 3}, "width = 0: every hidden layer needs at least 1 unit"),
    ({"width": (3, 0)}, "width = (3, 0): every hidden layer needs at least 1 unit"),
    ({"width": (3, 4, 5)}, "3 widths for 2 hidden layers"),
    ({"depth": -1}, "depth = -1: the number of hidden layers must be 0"),
    ({"inputs": 0}, "inputs = 0: the input dimension must be at least 1"),
    ({"activation": "rellu"}, "did you mean 'relu'"),
    ({"start_ratio": 0.0}, "start_ratio = 0.0: it must be a positive number"),
    ({"highest_ratio": -1.0}, "highest_ratio = -1.0: it must be a positive number"),
    ({"resolution": float("nan")}, "resolution = nan: it must be a positive number"),
    ({"growth": 1.0}, "growth = 1.0: it must be above 1"),
    ({"patterns": 0}, "patterns = 0: at least 2 are needed"),
    ({"patterns": -4}, "patterns = -4: at least 2 are needed"),
    ({"patterns": 1}, "patterns = 1: at least 2 are needed"),
    ({"patterns": 7}, "patterns = 7: alternate labels need an even number; use 6 or 8"),
    ({"patterns": (10, 20)}, "patterns = 10,20: scan=patterns takes one number"),
    ({"scan": "width", "depth": 0}, "depth = 0: a linear network has no width to scan"),
    ({"scan": "width", "width": (3, 4)}, "width = 3,4: scan=width varies one width"),
    ({"scan": "width", "highest_width": 0}, "highest_width = 0: it must be at least 1"),
]


def test_the_defaults_have_no_problems():
    """Nothing is wrong with what is used when nothing is asked for."""
    assert Settings().problems() == []


@pytest.mark.parametrize(("values", "sentence"), WRONG, ids=[sentence.split(":")[0] for _, sentence in WRONG])
def test_one_wrong_value_is_one_sentence(values, sentence):
    """The sentence names the value and what is allowed, and is the only one."""
    problems = Settings(**values).problems()
    assert len(problems) == 1
    assert sentence in problems[0]
    assert problems[0].endswith((".", "?"))


def test_all_that_is_wrong_is_said_at_once():
    """Five wrong values are five sentences."""
    problems = Settings(seeds=0, margin=-1.0, growth=0.5, activation="tan", patterns=3).problems()
    assert len(problems) == 5


def test_the_input_dimension_defaults_to_the_width():
    """D = h as in the papers, the first width of unequal layers; a scan over widths has d = 10."""
    assert Settings(width=7).network().inputs == 7
    assert Settings(width=(6, 4)).network().inputs == 6
    assert Settings(width=7, inputs=3).network().inputs == 3
    assert Settings(scan="width").scan_inputs == 10
    assert Settings(scan="width", inputs=4).scan_inputs == 4
