"""`jamharness run` with no protocol named: a free network's threshold, what is found at jamming, a table of both."""

import json
from pathlib import Path
from typing import Any

import pytest

from jamharness.cli.options import MAIN_JOB

SMALL = ("--set", "width=3", "--set", "depth=1", "--set", "seeds=2", "--set", "resolution=0.5")


def test_three_protocols_and_each_cell_once(process: Any, work: Path) -> None:
    """The approaches to jamming of spectrum are those of margins, taken from the store; so is all the next time."""
    outcome = process("run", "--backend", "numpy", "--json", *SMALL)
    document = json.loads(outcome.out)
    assert tuple(document["protocols"]) == MAIN_JOB
    cells = {name: part["cells"] for name, part in document["protocols"].items()}
    assert cells["jamming"]["reused"] == cells["spectrum"]["reused"] == 0
    assert cells["margins"] == {"done": 2, "failed": 0, "reused": 2}
    assert cells["spectrum"]["done"] == 2 * (1 + 3)
    again = json.loads(process("run", "--backend", "numpy", "--json", "--name", "again", *SMALL).out)
    for name, part in again["protocols"].items():
        assert part["cells"]["reused"] == part["cells"]["done"]
        assert part["estimates"] == document["protocols"][name]["estimates"]


def test_the_last_table_has_what_the_papers_measured(command: Any) -> None:
    """Every such estimate with a value, of all protocols, in one table below the others; none for one protocol."""
    shown = command("run", "--backend", "numpy", *SMALL).out
    table = shown[shown.rindex(" measured ") :]
    rows = {line.split()[0]: line for line in table.splitlines() if line.strip()}
    assert {"critical_ratio", "c0", "stable", "negative_h"} <= set(rows)
    assert "transition_width" not in table
    # What is published for another minimiser, size or activation is not set beside it; what holds everywhere is.
    assert "≈" not in table
    assert rows["negative_h"].split()[-1] == "0"
    assert " measured " not in command("run", "jamming", "--backend", "numpy", *SMALL).out


@pytest.mark.parametrize(
    ("settings", "protocols"),
    [
        (("scan=width", "patterns=20,40"), ["jamming"]),
        (("relative=0.5,2", "constraint=none", "activation=relu"), ["spectrum", "margins"]),
        (("threshold=2", "constraint=none", "activation=relu"), ["spectrum"]),
    ],
)
def test_a_setting_of_some_protocols_chooses_them(
    command: Any, settings: tuple[str, ...], protocols: list[str]
) -> None:
    """Where no protocol is named, those run that know every setting."""
    small = ("seeds=1", "depth=1", "inputs=3" if "scan=width" in settings else "width=3")
    typed = [part for text in (*settings, *small) for part in ("--set", text)]
    document = json.loads(command("run", "--backend", "numpy", "--json", *typed).out)
    assert list(document["protocols"]) == protocols


def test_an_unknown_setting_is_a_sentence(command: Any) -> None:
    """No protocol knows it: the sentence has the nearest name."""
    outcome = command("run", "--backend", "numpy", "--set", "widht=3")
    assert (outcome.code, outcome.out) == (2, "")
    assert "did you mean 'width'?" in outcome.err
