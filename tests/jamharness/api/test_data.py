"""Patterns that no backend can compute on are refused, in words."""

import numpy as np
import pytest
from jamharness_numpy.backend import NumpyBackend

from jamharness.api import BadInput, DataRequest, Network, Patterns, check_patterns

X, Y = np.ones((4, 3)), np.array([1.0, -1.0, 1.0, -1.0])


def test_good_patterns_pass():
    """±1 of any float type, one pattern or many."""
    check_patterns(X, Y)
    check_patterns(X[:1].astype(np.float32), Y[:1].astype(np.float32))


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (np.ones(4), Y, r"\(4,\)"),
        (X, Y[:3], r"\(4, 3\).*\(3,\)"),
        (X, Y[:, None], r"\(4, 1\)"),
        (X[:0], Y[:0], "P at least 1"),
        (np.ones((4, 3, 1)), Y, r"\(4, 3, 1\)"),
        (
            np.where(np.arange(12).reshape(4, 3) == 7, np.nan, 1.0),
            Y,
            "1 values that are NaN or infinite, first in row 2",
        ),
        (np.full((4, 3), np.inf), Y, "12 values that are NaN or infinite, first in row 0"),
        (X, np.array([1.0, 0.0, 1.0, -1.0]), "1 labels other than −1 and \\+1, such as 0.0"),
        (X, np.array([1.0, np.nan, 2.0, -1.0]), "2 labels other than"),
    ],
)
def test_each_fault_has_its_sentence(x, y, words):
    """Shapes, counts and the first bad row or label are named, by the check and by every problem."""
    with pytest.raises(BadInput, match=words):
        check_patterns(x, y)
    with pytest.raises(BadInput, match=words):
        NumpyBackend().problem(Network(inputs=3, width=2, depth=1), x, y)


def test_all_faults_are_said_at_once():
    """NaN in x and a wrong label are two sentences."""
    with pytest.raises(BadInput) as caught:
        check_patterns(np.full((4, 3), np.nan), np.zeros(4))
    assert len(caught.value.problems) == 2


def test_inputs_must_fit_the_network():
    """Both numbers are named."""
    with pytest.raises(BadInput, match="3 columns and the network 5 inputs"):
        NumpyBackend().problem(Network(inputs=5, width=2, depth=1), X, Y)


def test_the_first_patterns_are_a_prefix():
    """Nested sets; more than there are is refused with both numbers."""
    patterns = Patterns(x=X * np.arange(4)[:, None], y=Y, x_test=np.empty((0, 3)), y_test=np.empty(0))
    x, y = patterns.first(2)
    assert np.array_equal(x, patterns.x[:2])
    assert np.array_equal(y, patterns.y[:2])
    with pytest.raises(BadInput, match="patterns = 5: the data set has 4"):
        patterns.first(5)


def test_the_test_set_is_checked_too():
    """NaN hides nowhere."""
    with pytest.raises(BadInput, match="NaN"):
        Patterns(x=X, y=Y, x_test=np.full((2, 3), np.nan), y_test=Y[:2])


def test_where_files_lie_is_not_part_of_an_identity():
    """Two folders with the same files give the same numbers; every other field counts."""
    base = DataRequest()
    assert DataRequest(folder="a").identity() == base.identity()
    assert set(base.identity()) == {name for name in DataRequest.__dataclass_fields__ if name != "folder"}
    assert DataRequest(seed=1).identity() != base.identity()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"dtype": "float16"}, ["Unknown dtype 'float16'"]),
        ({"device": "gpu"}, ["Unknown device 'gpu'"]),
        ({"device": "cuda:x"}, ["Unknown device 'cuda:x'"]),
        ({"device": "cpu:1"}, ["Unknown device 'cpu:1'"]),
        ({"device": "cuda"}, ["computes on the CPU only"]),
        ({"device": "tpu", "dtype": "double"}, ["Unknown dtype 'double'", "Unknown device 'tpu'"]),
    ],
)
def test_devices_and_dtypes_that_do_not_exist(values, words):
    """A backend refuses them with one sentence each."""
    with pytest.raises(BadInput) as caught:
        NumpyBackend(**values)
    assert len(caught.value.problems) == len(words)
    assert all(word in problem for word, problem in zip(words, caught.value.problems, strict=True))
