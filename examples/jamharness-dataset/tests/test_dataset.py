"""The data set by itself, and in a run."""

from dataclasses import replace

import numpy as np
import pytest
from jamharness_dataset.table import load

import jamharness
from jamharness.api import BadInput, DataRequest


@pytest.fixture
def folder(tmp_path):
    """A table of 60 Gaussian points in three dimensions, two thirds of them with the label −1."""
    draw = np.random.default_rng(0)
    rows = np.column_stack([draw.standard_normal((60, 3)), np.where(np.arange(60) % 3, -1, 1)])
    np.savetxt(tmp_path / "patterns.csv", rows, delimiter=",")
    return tmp_path


def request(folder, **changed):
    """A request for eight patterns."""
    default = DataRequest(dataset="table", inputs=3, patterns=8, folder=str(folder))
    return replace(default, **changed)


def test_patterns_are_normalised_and_their_labels_alternate(folder):
    """As the settings promise."""
    patterns = load(request(folder))
    assert patterns.x.shape == (8, 3)
    np.testing.assert_allclose(np.linalg.norm(patterns.x, axis=1), np.sqrt(3))
    assert list(patterns.y) == [-1, 1] * 4
    assert len(patterns.y_test) == 12


def test_a_seed_gives_the_same_patterns_again_and_another_seed_others(folder):
    """Nothing but the request decides."""
    first, again, other = (load(request(folder, seed=seed)).x for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_training_and_test_share_no_pattern(folder):
    """Whatever the seed."""
    patterns = load(request(folder, patterns=None, normalise=False))
    assert not {tuple(row) for row in patterns.x} & {tuple(row) for row in patterns.x_test}


@pytest.mark.parametrize(
    ("changed", "words"),
    [({"folder": None}, "--set folder=DIR"), ({"patterns": 50}, "at most"), ({"inputs": 5}, "3 columns")],
)
def test_what_is_wrong_is_one_sentence(folder, changed, words):
    """With the value and what to do."""
    with pytest.raises(BadInput, match=words):
        load(replace(request(folder), **changed))


def test_a_run_takes_it(folder, tmp_path):
    """As an installed plugin, by its name."""
    settings = {"width": 3, "depth": 1, "inputs": 3, "seeds": 2, "highest_ratio": 1.5}
    data = {"dataset": "table", "folder": str(folder)}
    run = jamharness.run("jamming", backend="numpy", settings={**settings, **data}, store=tmp_path / "store")
    assert run.protocols["jamming"].cells["done"] > 0
    assert not run.protocols["jamming"].failures
