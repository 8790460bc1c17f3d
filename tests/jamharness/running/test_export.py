"""What is exported is what was found."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jamharness.api import BadInput, Estimate, Findings
from jamharness.running import ProtocolRun, Run, export_run, open_run

TABLE = pd.DataFrame(
    {
        "ratio": [0.1 + 0.2, 1e-300, np.nan, np.inf],
        "count": [1, 2, 3, 4],
        "outcome": ["satisfied", "minimum", None, 'x, "y"\nz'],
        "good": [True, False, True, True],
    }
)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    findings = Findings(
        estimates={"r": Estimate(value=float("nan"), low=1.0, high=None, count=3)},
        tables={"trials": TABLE, "by phase": TABLE.set_index("outcome")},
        arrays={"eigenvalues": np.linspace(0, 1, 5)},
    )
    part = ProtocolRun(settings={}, findings=findings, cells={"done": 1, "failed": 0}, seconds=1.0, failures=[])
    return Run(name="r", status="finished", protocols={"p": part}, files=[], environment={}, store=tmp_path)


def same(a: pd.DataFrame, b: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(a, b, check_exact=True, check_dtype=False, check_column_type=False)


def read(file: Path, floats: str, **options: Any) -> pd.DataFrame:
    """Some versions of pandas read floats fast and others exactly; Python's own conversion is exact."""
    return pd.read_csv(file, dtype={floats: str}, **options).astype({floats: float})


def test_csv_gives_every_number_back_exactly(run: Run, tmp_path: Path) -> None:
    """Files are named for protocol and table; a meaningful index is a column."""
    files = export_run(run, tmp_path / "out" / "new")
    assert [file.name for file in files] == ["p-trials.csv", "p-by_phase.csv", "p-eigenvalues.npy", "run.json"]
    same(read(files[0], "ratio"), TABLE)
    same(read(files[1], "ratio", index_col="outcome"), TABLE.set_index("outcome"))
    np.testing.assert_array_equal(np.load(files[2]), run.arrays["p"]["eigenvalues"])
    assert json.loads(files[3].read_text())["protocols"]["p"]["estimates"]["r"]["value"] is None


def test_parquet_gives_tables_back_with_their_types(run: Run, tmp_path: Path) -> None:
    """And its index."""
    pytest.importorskip("pyarrow")
    files = export_run(run, tmp_path / "out", "parquet")
    same(pd.read_parquet(files[0]), TABLE)
    same(pd.read_parquet(files[1]), TABLE.set_index("outcome"))


def test_a_column_of_mixed_things_is_json_in_parquet(run: Run, tmp_path: Path) -> None:
    """Rather than an error."""
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"x": [1.5, 2.5], "mixed": [[1, [2]], "text"]})
    part = replace(run.protocols["p"], findings=Findings(estimates={}, tables={"t": frame}))
    files = export_run(replace(run, protocols={"p": part}), tmp_path / "out", "parquet")
    table = pd.read_parquet(files[0])
    assert list(table["mixed"]) == ["[1, [2]]", "text"]
    assert list(table["x"]) == [1.5, 2.5]


def test_a_wrong_format_or_folder_is_bad_input(run: Run, tmp_path: Path) -> None:
    """Both at once; nothing is written."""
    (tmp_path / "file").write_text("text")
    with pytest.raises(BadInput) as error:
        export_run(run, tmp_path / "file", "cvs")
    assert len(error.value.problems) == 2
    assert "did you mean 'csv'" in error.value.problems[0]
    for folder in (tmp_path / "file" / "below", Path("/proc/export")):
        with pytest.raises(BadInput, match="Export folder"):
            export_run(run, folder)


def test_parquet_without_its_library_says_how_to_install_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extra of jamharness that brings it."""
    import importlib.util

    monkeypatch.setattr("jamharness.running.export.find_spec", lambda name: None if name == "pyarrow" else importlib)
    with pytest.raises(BadInput, match=r"pip install .jamharness\[data\]"):
        export_run(run, tmp_path / "out", "parquet")
    assert not (tmp_path / "out").exists()


def test_what_is_exported_names_no_machine_user_or_folder(
    lab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the document nor the tables: figures are as seen from the store, the interpreter is a name."""
    monkeypatch.setattr("jamharness.running.portable.socket.gethostname", lambda: "gauss.example.org")
    monkeypatch.setenv("HOME", str(tmp_path))
    run = lab.run()
    reason = f"OSError: {tmp_path}/data/x.npz and /home/alice/y on gauss are not there"
    part = run.protocols["drift"]
    frame = pd.DataFrame({"failure": [None, reason], "x": [1.5, 2.5]})
    changed = replace(part, failures=[("P = 3", reason)], findings=replace(part.findings, tables={"trials": frame}))
    environment = {**run.environment, "executable": f"{tmp_path}/bin/python3", "plugins": {"lab": {"node": "gauss"}}}
    run = replace(run, protocols={"drift": changed}, environment=environment)
    files = export_run(run, tmp_path / "out")
    texts = "".join(file.read_text() for file in files if file.suffix in (".csv", ".json"))
    for secret in (str(tmp_path), "alice", "gauss", "/home"):
        assert secret not in texts.replace("OSError: ~/data/x.npz and ~/y on gauss", ""), secret
    document = json.loads(files[-1].read_text())
    assert document["files"] == [f"figures/{run.name}/drift-drift_of_x.png"]
    assert (lab.store / document["files"][0]).is_file()
    assert document["environment"]["executable"] == "python3"
    assert document["protocols"]["drift"]["failures"][0]["reason"].startswith("OSError: ~/data/x.npz and ~/y on (host)")
    assert list(read(files[0], "x")["x"]) == [1.5, 2.5]


@pytest.mark.parametrize("folder", ["", "~nosuchuser-of-jamharness/out", "x" * 300, "a\0b", "gone/out"])
def test_a_folder_of_impossible_name_is_one_sentence(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    """Empty, of no user, too long, or below a working directory that was deleted."""
    if folder == "gone/out":
        (tmp_path / "gone").mkdir()
        monkeypatch.chdir(tmp_path / "gone")
        (tmp_path / "gone").rmdir()
    with pytest.raises(BadInput, match="Export folder") as error:
        export_run(run, folder)
    assert len(error.value.problems) == 1


def test_a_run_from_the_store_is_exported(lab: Any, tmp_path: Path) -> None:
    """Twice into the same folder gives the same files."""
    run = lab.run()
    files = export_run(open_run(run.name, lab.store), tmp_path / "out")
    before = [file.read_bytes() for file in files]
    assert files == export_run(run, tmp_path / "out")
    assert [file.read_bytes() for file in files] == before
    assert list(read(files[0], "x")["x"]) == list(run.tables["drift"]["trials"]["x"])
