from dataclasses import replace

import pytest

from jamharness.api import DataRequest
from jamharness.datasets.checks import request_problems

GOOD = DataRequest(patterns=10)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"patterns": 0}, ["patterns = 0", "at least 2"]),
        ({"patterns": 0, "labels": "random"}, ["patterns = 0", "at least 1"]),
        ({"patterns": -4}, ["patterns = -4", "at least 2"]),
        ({"patterns": 1}, ["patterns = 1", "even", "try 2"]),
        ({"patterns": 7}, ["patterns = 7", "even", "6 or 8"]),
        ({"inputs": 0}, ["inputs = 0", "at least 1"]),
        ({"labels": "altenate"}, ["'altenate'", "did you mean 'alternate'"]),
        ({"projection": "white"}, ["'white'", "did you mean 'whitened'"]),
        ({"fit": "poled"}, ["'poled'", "did you mean 'pooled'"]),
        ({"test_fraction": 1.0}, ["test_fraction = 1.0", "below 1"]),
        ({"test_fraction": -0.1}, ["test_fraction = -0.1"]),
        ({"test_fraction": float("nan")}, ["test_fraction = nan"]),
    ],
)
def test_one_wrong_value_gives_one_sentence(change, words):
    """The sentence names the value, what is allowed and the nearest valid one."""
    problems = request_problems(replace(GOOD, **change), endless=False)
    assert len(problems) == 1
    for word in words:
        assert word in problems[0]


def test_everything_wrong_is_said_at_once():
    """Four wrong values give four sentences."""
    wrong = replace(GOOD, inputs=-1, patterns=3, projection="no", test_fraction=2.0)
    assert len(request_problems(wrong, endless=False)) == 4


def test_only_an_endless_data_set_must_be_told_how_many():
    """Without a number of patterns a data set gives all it has, unless it has no end."""
    everything = replace(GOOD, patterns=None)
    assert request_problems(everything, endless=False) == []
    (problem,) = request_problems(everything, endless=True)
    assert "patterns = 1000" in problem


def test_an_odd_number_is_fine_with_random_labels():
    """Balance is asked of alternating labels alone."""
    assert request_problems(replace(GOOD, patterns=1, labels="random"), endless=True) == []
