"""The store as a folder: what becomes one, what is refused, and many writers at once."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from jamharness.api import BadInput, CellResult
from jamharness.store import RunRecord, Store

RESULT = CellResult(values={"loss": 0.5}, arrays={"w": np.arange(3.0)})


def refused(path: object, **options: bool) -> str:
    with pytest.raises(BadInput) as error:
        Store(path, **options)  # type: ignore[arg-type]
    assert len(error.value.problems) == 1
    assert "\n" not in str(error.value)
    assert repr(str(path)) in str(error.value)
    return str(error.value)


def test_a_new_or_an_empty_folder_becomes_a_store(tmp_path: Path) -> None:
    """With its parents; and it is one again when opened again."""
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "new" / "er"):
        Store(path).put("ab" * 32, {}, RESULT, 1.0)
        assert Store(path).root == path
        assert (path / "jamharness-store.json").is_file()


def test_the_default_is_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And stays there when the program goes elsewhere."""
    monkeypatch.chdir(tmp_path)
    store = Store()
    assert store.root == tmp_path / "jamharness-store"


def test_looking_creates_nothing(tmp_path: Path) -> None:
    """A store that is not there yet has no runs and no cells."""
    store = Store(tmp_path / "x", create=False)
    assert store.runs() == []
    assert store.get("ab" * 32) is None
    store.check_writable()
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_store(tmp_path: Path) -> None:
    """Nor is a path that leads through a file."""
    (tmp_path / "file").write_text("text")
    assert "is a file" in refused(tmp_path / "file", create=False)
    assert "is a file" in refused(tmp_path / "file" / "below")


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    """Nothing is written among somebody's files."""
    (tmp_path / "thesis.tex").write_text("text")
    assert "'thesis.tex'" in refused(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_store_of_another_version_is_refused(tmp_path: Path) -> None:
    """Its cells might mean something else."""
    Store(tmp_path)
    (tmp_path / "jamharness-store.json").write_text('{"format":2}')
    assert "this version" in refused(tmp_path)


def test_a_folder_that_the_system_refuses_is_bad_input() -> None:
    """Even the administrator cannot make folders under /proc."""
    assert "cannot be" in refused("/proc/jamharness-store")


@pytest.mark.parametrize("path", ["a\0b", "x" * 300, "~nobody-of-this-name/x"])
def test_a_path_that_cannot_exist_is_bad_input(path: str) -> None:
    """The system's reason becomes a sentence."""
    refused(path)


def test_a_deleted_working_directory_is_bad_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store in it cannot be."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    for path in (None, "here"):
        with pytest.raises(BadInput, match=r"Store .* cannot be used \(No such file"):
            Store(path)


def test_a_full_disk_is_bad_input(tmp_path: Path) -> None:
    """A store on a device without space says so, when it is opened and when a cell is kept."""
    script = """
import resource, signal, sys
from jamharness.api import BadInput, CellResult
from jamharness.store import Store
import numpy as np
store = Store(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    store.put("ab" * 32, {}, CellResult(values={}, arrays={"w": np.zeros(1000)}), 1.0)
except BadInput as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"Store {str(tmp_path)!r}")
    assert done.stdout.count("\n") == 1
    assert Store(tmp_path).get("ab" * 32) is None
    assert not list(tmp_path.glob("cells/*/.*"))


def test_a_cell_is_found_under_its_key(tmp_path: Path) -> None:
    """In cells/ab/<key>.json, with its arrays beside it."""
    store = Store(tmp_path)
    identity = {"cell": 1}
    key = store.key(identity)
    assert store.get(key) is None
    store.put(key, identity, RESULT, 2.0, "label")
    assert sorted(path.name for path in (tmp_path / "cells" / key[:2]).iterdir()) == [f"{key}.json", f"{key}.npz"]
    cell = store.read(key)
    assert cell is not None
    assert (cell.result.values, cell.seconds, cell.label) == ({"loss": 0.5}, 2.0, "label")


def test_the_first_result_stays_and_a_damaged_one_is_replaced(tmp_path: Path) -> None:
    """Numbers that were shown do not change; rubbish does."""
    store = Store(tmp_path)
    identity = {"cell": 1}
    key = store.key(identity)
    store.put(key, identity, RESULT, 2.0)
    store.put(key, identity, CellResult(values={"loss": 0.25}), 2.0)
    assert store.get(key).values == {"loss": 0.5}  # type: ignore[union-attr]
    path = tmp_path / "cells" / key[:2] / f"{key}.npz"
    path.write_bytes(path.read_bytes()[:-3])
    assert store.get(key) is None
    store.put(key, identity, CellResult(values={"loss": 0.25}), 2.0)
    assert store.get(key).values == {"loss": 0.25}  # type: ignore[union-attr]


def test_runs_are_listed_oldest_first_and_rubbish_is_a_row(tmp_path: Path) -> None:
    """A damaged record hides no other; files that are no records are not looked at."""
    store = Store(tmp_path)
    store.write_run(RunRecord(name="b", created="2025-01-01"))
    store.write_run(RunRecord(name="a", created="2025-01-02"))
    (tmp_path / "runs" / "c.json").write_text("{")
    (tmp_path / "runs" / "d.json").mkdir()
    (tmp_path / "runs" / "notes.txt").write_text("x")
    assert [(run.name, run.status) for run in store.runs()] == [
        ("c", "unreadable"),
        ("d", "unreadable"),
        ("b", "running"),
        ("a", "running"),
    ]


def test_a_run_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    """And so is one that is damaged."""
    store = Store(tmp_path)
    store.write_run(RunRecord(name="jamming-1"))
    with pytest.raises(BadInput, match="did you mean 'jamming-1'"):
        store.run("jaming-1")
    (tmp_path / "runs" / "jamming-1.json").write_text("{")
    with pytest.raises(BadInput, match=r"'jamming-1'.*no record"):
        store.run("jamming-1")


WRITER = """
import sys
import numpy as np
from jamharness.api import CellResult
from jamharness.store import RunRecord, Store
path, writer = sys.argv[1], int(sys.argv[2])
store = Store(path)
for number in range(40):
    identity = {"cell": number}
    key = store.key(identity)
    arrays = {"w": np.full(2000, float(number))}
    store.put(key, identity, CellResult(values={"number": number}, arrays=arrays), float(writer))
    assert store.get(key) is not None
    store.write_run(RunRecord(name="shared", backend=str(writer), cells={"p": [key] * number}))
    assert store.run("shared").status == "running"
"""


def test_many_processes_write_the_same_cells_at_once(tmp_path: Path) -> None:
    """From the creation of the store on; every reader sees whole cells and records, and nothing is left over."""
    path = tmp_path / "store"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(number)], stderr=subprocess.PIPE)
        for number in range(6)
    ]
    for writer in writers:
        _, errors = writer.communicate(timeout=120)
        assert writer.returncode == 0, errors.decode()
    store = Store(path)
    for number in range(40):
        result = store.get(store.key({"cell": number}))
        assert result is not None
        assert result.values == {"number": number}
        assert (result.arrays["w"] == number).all()
    assert not list(path.rglob(".*"))
