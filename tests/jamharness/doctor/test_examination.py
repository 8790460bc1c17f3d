"""The doctor's order of work."""

from pathlib import Path

import pytest

from jamharness.doctor.examination import _where


@pytest.mark.parametrize("store", ["", "~nosuchuser-of-jamharness/x", "x" * 300, "a\0b"])
def test_a_store_that_cannot_be_does_not_stop_the_doctor(store: str) -> None:
    """The disk that is looked at is then that of the system; what is wrong with the store is a finding of its own."""
    from jamharness.doctor.stores import store_found

    assert _where(store) == Path("/")
    [finding] = store_found(store)
    assert finding.state == "problem"
    assert "Store" in finding.text
