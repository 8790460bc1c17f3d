"""Records of runs."""

from dataclasses import replace
from pathlib import Path

import pytest

from jamharness.api import BadInput, Estimate
from jamharness.store.runs import (
    Conclusion,
    Failure,
    RunRecord,
    check_run_name,
    default_name,
    read_record,
    write_record,
)

RECORD = RunRecord(
    name="jamming-1",
    created="2025-01-01T00:00:00+00:00",
    status="interrupted",
    protocols={"jamming": {"width": 12, "budget": float("inf"), "widths": [1, 2]}},
    preset="quick",
    seed=3,
    backend="numpy",
    cells={"jamming": ["ab", "cd"]},
    failures={"jamming": [Failure(cell={"protocol": "jamming"}, label="P = 3", reason="no", detail="trace")]},
    reused={"jamming": 1},
    spent={"jamming": 1.25, "spectrum": 0.5},
    environment={"python": "3"},
)


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    """Settings that are not finite and failures included; its time is the sum over protocols."""
    write_record(tmp_path / "jamming-1.json", RECORD)
    assert read_record(tmp_path / "jamming-1.json") == RECORD
    assert RECORD.seconds == 1.75


def test_the_estimates_of_a_record_are_strict_json(tmp_path: Path) -> None:
    """Those that were concluded; a run that has not finished has none."""
    estimate = Estimate(value=1.5, low=float("-inf"), high=None, count=3)
    record = replace(RECORD, conclusions={"jamming": Conclusion(estimates={"critical_ratio": estimate})})
    write_record(tmp_path / "jamming-1.json", record)
    expected = {"value": 1.5, "low": None, "high": None, "count": 3, "note": ""}
    assert read_record(tmp_path / "jamming-1.json").estimates == {"jamming": {"critical_ratio": expected}}
    assert RECORD.estimates == {}


@pytest.mark.parametrize("rubbish", [b"", b"null", b"{}", b'{"format": 1, "record": {}, "checksum": ""}', b"\x00" * 9])
def test_rubbish_is_one_unreadable_row(tmp_path: Path, rubbish: bytes) -> None:
    """It names the file and what to do."""
    path = tmp_path / "x.json"
    path.write_bytes(rubbish)
    record = read_record(path)
    assert (record.name, record.status) == ("x", "unreadable")
    assert "x.json is no record of a run" in record.problem
    assert "\n" not in record.problem


def test_a_truncated_record_is_unreadable(tmp_path: Path) -> None:
    """At any length."""
    path = tmp_path / "x.json"
    write_record(path, RECORD)
    content = path.read_bytes()
    for length in range(0, len(content), 37):
        path.write_bytes(content[:length])
        assert read_record(path).status == "unreadable"


@pytest.mark.parametrize("name", ["a", "jamming-3f9a2c", "A.b_c-9", "x" * 100])
def test_names_of_files_are_names_of_runs(name: str) -> None:
    """Letters, digits, dot, underscore and hyphen."""
    check_run_name(name)


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "-x", "a/b", "a b", "ä", "a\n", "x" * 101, "a\0"])
def test_other_names_are_refused_with_the_rule(name: str) -> None:
    """The sentence names the value and what is allowed."""
    with pytest.raises(BadInput) as error:
        check_run_name(name)
    assert repr(name) in str(error.value)
    assert "letters, digits" in str(error.value)


def test_the_default_name_depends_on_what_is_asked_and_not_on_when() -> None:
    """The same command finds the same run; another setting, backend or dtype is another run."""
    name = default_name(RECORD)
    assert name.startswith("jamming-")
    check_run_name(name)
    assert default_name(replace(RECORD, created="", status="running", cells={}, preset=None, seed=None)) == name
    others = [
        replace(RECORD, protocols={"jamming": {"width": 13}}),
        replace(RECORD, backend="torch"),
        replace(RECORD, dtype="float32"),
        replace(RECORD, device="cuda"),
        replace(RECORD, threads=2),
    ]
    assert len({default_name(other) for other in others} | {name}) == 6
