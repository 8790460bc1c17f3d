"""``jamharness advise``, from a table that the test writes to words, a figure and JSON."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FAST = ("--backend", "numpy", "--workers", "1", "--set", "seeds=3", "--set", "networks=2", "--set", "depth=1")
SMALL = ("--set", "patterns=300", "--set", "share=0.2")


def table(path: Path, rows: int) -> None:
    """Four columns and the class: on which side of a curved surface a point lies, after noise."""
    draw = np.random.default_rng(0)
    x = draw.standard_normal((rows, 4))
    above = x.sum(axis=1) + x[:, 0] * x[:, 1] + 0.3 * draw.standard_normal(rows) > 0
    lines = [",".join(map(str, row)) + f",{'up' if up else 'down'}" for row, up in zip(x, above, strict=True)]
    path.write_text("\n".join(["a,b,c,d,where", *lines]), encoding="utf-8")


@pytest.fixture(scope="module")
def advised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table of 1000 rows."""
    folder = tmp_path_factory.mktemp("advised")
    table(folder / "own.csv", 1000)
    return folder


def test_a_table_of_ones_own_end_to_end(command: Any, advised: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words with a reason each, a figure, and the same as JSON from the store, of no more than its share."""
    monkeypatch.chdir(advised)
    outcome = command("advise", "own.csv", *FAST, *SMALL)
    assert outcome.code == 0, outcome.err
    for part in ("weights (", "width ", "4 inputs", "network", "cost", "test error", "% (", "Figure"):
        assert part in outcome.out, part
    again = command("advise", "own.csv", *FAST, *SMALL, "--json")
    document = json.loads(again.out)
    part = document["protocols"]["advise"]
    values = {name: each["value"] for name, each in part["estimates"].items()}
    assert part["cells"]["reused"] == part["cells"]["done"]
    assert (values["patterns"], values["largest_part"]) == (300, 60)
    assert [row["about"] for row in document["advice"]] == ["N*", "train", "average", "cost", "test error"]
    assert values["critical_weights"] > 5
    assert values["weights"] > values["critical_weights"]
    assert 0 < values["test_error"] < 0.5
    assert Path(document["files"][0]).read_bytes()[:4] == b"\x89PNG"


def test_what_cannot_be_told_leaves_with_1(command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence with advice, for too few rows."""
    monkeypatch.chdir(tmp_path)
    table(tmp_path / "few.csv", 120)
    outcome = command("advise", "few.csv", *FAST)
    assert outcome.code == 1
    assert "Cannot tell: 0.1 of" in outcome.out
    assert "raise share" in outcome.out


def test_bad_input_is_told_at_once(command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt name, a file that is not there, and a setting that cannot be."""
    monkeypatch.chdir(tmp_path)
    for arguments, words in (
        (("digitz",), "did you mean 'digits'?"),
        (("none.csv",), "does not exist"),
        (("digits", "--set", "networks=1"), "networks = 1"),
    ):
        outcome = command("advise", *arguments, "--backend", "numpy")
        assert outcome.code == 2
        assert words in outcome.err
