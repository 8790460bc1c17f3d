"""Data sets are anybody's code and anybody's files: loaded in a worker, and known by what they gave."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jamharness.api import BadInput


def write(folder: Path, seed: int) -> str:
    folder.mkdir(exist_ok=True)
    np.save(folder / "x.npy", np.random.default_rng(seed).standard_normal((8, 2)))
    return str(folder)


def test_other_files_under_the_same_name_are_other_data(lab: Any, tmp_path: Path) -> None:
    """In another folder, or edited where they were; the same bits elsewhere are the same data."""

    def run(folder: str) -> Any:
        return lab.run(settings={"dataset": "lines", "folder": folder})

    first, second = write(tmp_path / "one", 1), write(tmp_path / "two", 2)
    one = run(first)
    two = run(second)
    assert two.protocols["drift"].cells["reused"] == 0
    assert two.estimates["drift"]["drift"].value != one.estimates["drift"]["drift"].value
    write(tmp_path / "one", 2)
    assert run(first).estimates == two.estimates
    write(tmp_path / "one", 3)
    assert run(first).protocols["drift"].cells["reused"] == 0
    assert run(write(tmp_path / "three", 1)).protocols["drift"].cells == {"done": 6, "failed": 0, "reused": 6}


def test_a_file_that_changes_while_a_run_goes_on_stops_its_cells(lab: Any, tmp_path: Path) -> None:
    """What is computed on other patterns than the key says is no result."""
    folder = write(tmp_path / "one", 1)

    class Editor:
        def started(self, *_: Any) -> None:
            write(tmp_path / "one", 2)

        def said(self, *_: Any) -> None: ...
        def planned(self, *_: Any) -> None: ...
        def finished(self, *_: Any) -> None: ...

    run = lab.run(settings={"dataset": "lines", "folder": folder}, observer=Editor())
    assert run.protocols["drift"].cells == {"done": 0, "failed": 3, "reused": 0}
    assert all("Data set 'lines' gave other patterns" in reason for _, reason in run.protocols["drift"].failures)


@pytest.mark.parametrize(
    ("dataset", "sentence"),
    [
        ("dies", "Data set 'dies' cannot be loaded: the worker was ended by SIGSEGV."),
        ("ends", "Data set 'ends' cannot be loaded: the worker ended with exit code 0."),
        ("leaves", "Data set 'leaves' cannot be loaded (SystemExit: 3)."),
        ("needy", "Data set 'needy' cannot be loaded (No module named 'a_library_that_is_not_there')"),
        ("wrong", "Data set 'wrong': jamlab.data:wrong returned an object of type str; it must return Patterns."),
        ("nan", "Data set 'nan': x holds 8 values that are NaN or infinite"),
    ],
)
def test_a_data_set_that_misbehaves_is_bad_input_in_one_sentence(lab: Any, dataset: str, sentence: str) -> None:
    """It takes nothing down, and nothing is written."""
    with pytest.raises(BadInput) as caught:
        lab.run(settings={"dataset": dataset})
    (problem,) = caught.value.problems
    assert problem.startswith(sentence)
    assert not lab.store.exists()


def test_a_data_set_that_hangs_is_stopped(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its patience, with the data set's name; its worker is gone."""
    from jamharness.running import data

    monkeypatch.setattr(data, "PATIENCE", 2.0)
    start = time.monotonic()
    with pytest.raises(BadInput, match=r"Data set 'hangs' cannot be loaded: the worker took longer than 2 s and was"):
        lab.run(settings={"dataset": "hangs", "seeds": 5})
    assert time.monotonic() - start < 20
    with pytest.raises(ProcessLookupError):
        os.kill(int(lab.log.with_name("hangs").read_text()), 0)


def test_what_a_data_set_prints_is_no_part_of_the_document(lab: Any) -> None:
    """Standard output is one JSON document."""
    arguments = ["--set", "dataset=talks", "--json", "--quiet", "--store", str(lab.store)]
    done = subprocess.run(
        [sys.executable, "-m", "jamharness", "run", "drift", "--backend", "toy", *arguments],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["protocols"]["drift"]["cells"]["done"] == 6
