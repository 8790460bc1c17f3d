"""What an analysis may return."""

import numpy as np
import pandas as pd
import pytest

from jamharness.api import Estimate, Findings
from jamharness.running.soundness import faults_of


def estimate(**changes):
    return Estimate(**{"value": 1.0, "low": None, "high": None, "count": 3, **changes})


SOUND = {
    "empty": Findings(estimates={}, tables={}),
    "no value": Findings(estimates={"a": estimate(value=None)}, tables={}),
    "NumPy's numbers": Findings(
        estimates={"a": estimate(value=np.float32(1), low=np.int64(0), high=np.inf, count=np.int64(3))},
        tables={"t": pd.DataFrame({"x": [1]})},
        arrays={"w": np.ones(3)},
        samples={"a": {"0": np.float64(1)}},
        resolution={"a": 0},
    ),
}


@pytest.mark.parametrize("findings", SOUND.values(), ids=SOUND)
def test_findings_of_the_types_that_the_contract_names_are_sound(findings):
    """NumPy's numbers are numbers."""
    assert faults_of(findings) == []


UNSOUND = {
    "None": (None, "it must be Findings and is of type NoneType"),
    "list of estimates": (Findings(estimates=[estimate()], tables={}), "estimates must be a mapping by name"),
    "number as an estimate": (Findings(estimates={"a": 3.0}, tables={}), "estimates['a'] must be an Estimate"),
    "text as a value": (Findings(estimates={"a": estimate(value="3")}, tables={}), "estimates['a'].value must be a nu"),
    "complex end": (Findings(estimates={"a": estimate(low=1j)}, tables={}), "estimates['a'].low must be a number"),
    "truth as a value": (Findings(estimates={"a": estimate(high=True)}, tables={}), "estimates['a'].high must be"),
    "broken count": (Findings(estimates={"a": estimate(count=2.5)}, tables={}), "estimates['a'].count must be a whole"),
    "number as a note": (Findings(estimates={"a": estimate(note=3)}, tables={}), "estimates['a'].note must be a text"),
    "number as a name": (Findings(estimates={3: estimate()}, tables={}), "a key of estimates must be a text"),
    "text as a table": (Findings(estimates={}, tables={"t": "table"}), "tables['t'] must be a pandas table"),
    "list as an array": (Findings(estimates={}, tables={}, arrays={"w": [1]}), "arrays['w'] must be a NumPy array"),
    "list of samples": (Findings(estimates={}, tables={}, samples={"a": [1]}), "samples['a'] must be a mapping"),
    "text as a sample": (Findings(estimates={}, tables={}, samples={"a": {"0": "1"}}), "samples['a']['0'] must be a"),
    "no resolution": (Findings(estimates={}, tables={}, resolution={"a": None}), "resolution['a'] must be a number"),
    "number as an objection": (Findings(estimates={}, tables={}, objection=3), "objection must be a text"),
}


@pytest.mark.parametrize(("findings", "words"), UNSOUND.values(), ids=UNSOUND)
def test_anything_else_is_named_with_its_place(findings, words):
    """One part of a sentence for each."""
    [fault] = faults_of(findings)
    assert fault.startswith(words)


def test_all_faults_are_told_at_once():
    """In the order of the fields."""
    findings = Findings(estimates={"a": 1, "b": estimate(note=2)}, tables=3, objection=None)
    assert len(faults_of(findings)) == 4
