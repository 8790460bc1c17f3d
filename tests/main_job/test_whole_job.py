"""`jamharness run` with no protocol named: the transition, what is found there, and a table of both with the papers."""

import json
from pathlib import Path
from typing import Any

import pytest

from jamharness.cli.options import MAIN_JOB

SMALL = ("--set", "width=3", "--set", "depth=1", "--set", "seeds=2", "--set", "resolution=0.5")


def test_three_protocols_and_each_trial_once(process: Any, work: Path) -> None:
    """The searches of spectrum and margins are jamming's own cells, taken from the store."""
    outcome = process("run", "--backend", "numpy", "--json", *SMALL)
    document = json.loads(outcome.out)
    assert tuple(document["protocols"]) == MAIN_JOB
    cells = {name: part["cells"] for name, part in document["protocols"].items()}
    trials = cells["jamming"]["done"]
    assert cells["jamming"]["reused"] == 0
    for name in ("spectrum", "margins"):
        assert cells[name]["reused"] >= trials
        assert cells[name]["done"] > trials
    again = json.loads(process("run", "--backend", "numpy", "--json", "--name", "again", *SMALL).out)
    for name, part in again["protocols"].items():
        assert part["cells"]["reused"] == part["cells"]["done"]
        assert part["estimates"] == document["protocols"][name]["estimates"]


def test_the_last_table_is_measured_against_published(command: Any) -> None:
    """Every estimate with a published value, of all protocols, in one table below the others; none for one protocol."""
    shown = command("run", "--backend", "numpy", *SMALL).out
    table = shown[shown.index("measured against published") :]
    rows = [line.split()[0] for line in table.splitlines() if line.strip()]
    assert {"critical_ratio", "c0", "theta", "gamma_times_2_plus_theta"} <= set(rows)
    assert len(rows) == len(set(rows))  # of no two protocols is there an observable of the same name
    assert "≈ 1/2" in table
    assert "transition_width" not in table
    assert "measured against published" not in command("run", "jamming", "--backend", "numpy", *SMALL).out


@pytest.mark.parametrize(
    ("settings", "protocols"),
    [
        (("scan=width", "patterns=20,40"), ["jamming"]),
        (("relative=0.5,2",), ["spectrum", "margins"]),
        (("threshold=2",), ["spectrum"]),
    ],
)
def test_a_setting_of_some_protocols_chooses_them(
    command: Any, settings: tuple[str, ...], protocols: list[str]
) -> None:
    """Where no protocol is named, those run that know every setting."""
    typed = [part for text in (*settings, "seeds=1", "width=3", "depth=1") for part in ("--set", text)]
    document = json.loads(command("run", "--backend", "numpy", "--json", *typed).out)
    assert list(document["protocols"]) == protocols


def test_an_unknown_setting_is_a_sentence(command: Any) -> None:
    """No protocol knows it: the sentence has the nearest name."""
    outcome = command("run", "--backend", "numpy", "--set", "widht=3")
    assert (outcome.code, outcome.out) == (2, "")
    assert "did you mean 'width'?" in outcome.err
