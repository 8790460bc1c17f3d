"""Registered claims lie under the digest of what they say."""

import math

import pytest

from jamharness.store import Store
from jamharness.store.registrations import digest_of, read_registrations, write_registration

CLAIM = {"prediction": {"margin": 0.5, "expected": [1.0, 2.0]}, "request": {"limit": math.inf}, "registered": "now"}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store", create=False)


def test_a_claim_comes_back_as_it_was(store):
    """Infinities included; registered twice, it lies there once."""
    assert read_registrations(store) == {}
    first = write_registration(store, CLAIM)
    assert write_registration(store, CLAIM) == first == digest_of(CLAIM)
    assert read_registrations(store) == {first: CLAIM}


@pytest.mark.parametrize("change", [b'"margin":0.6', b"", b'"margin":NaN', b'"margin":0.5,"more":1'])
def test_a_claim_that_was_changed_counts_for_nothing(store, change, caplog):
    """Whatever was changed; the others stay."""
    other = write_registration(store, {**CLAIM, "registered": "later"})
    path = store.root / "registered" / f"{write_registration(store, CLAIM)}.json"
    path.write_bytes(path.read_bytes().replace(b'"margin":0.5', change))
    assert list(read_registrations(store)) == [other]


def test_what_is_no_json_counts_for_nothing(store):
    """Nor does a claim under another name, or a file of another kind."""
    name = write_registration(store, CLAIM)
    folder = store.root / "registered"
    (folder / ("0" * 64 + ".json")).write_bytes((folder / f"{name}.json").read_bytes())
    (folder / ("1" * 64 + ".json")).write_bytes(b"\xff{")
    (folder / "notes.txt").write_bytes(b"mine")
    assert list(read_registrations(store)) == [name]
