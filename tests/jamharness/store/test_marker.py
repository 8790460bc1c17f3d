"""A store is known by its marker, and by what it holds where that is lost."""

from pathlib import Path

import pytest

from jamharness.api import BadInput, CellResult
from jamharness.store import RunRecord, Store
from jamharness.store.marker import MARKER


def fill(root: Path, *, cells: bool = True, runs: bool = True) -> str:
    store = Store(root)
    identity = {"cell": 1}
    key = store.key(identity)
    if cells:
        store.put(key, identity, CellResult(values={"x": 1}), 1.0)
    if runs:
        store.write_run(RunRecord(name="mine"))
    return key


@pytest.mark.parametrize("parts", [{"cells": False}, {"runs": False}, {}])
@pytest.mark.parametrize("left", [None, b"", b"{", b"\x00\x00"])
def test_a_store_without_its_marker_is_still_one(tmp_path: Path, parts: dict[str, bool], left: bytes | None) -> None:
    """Lost or torn: it can be read as it is, and the next writing puts the marker back."""
    key = fill(tmp_path, **parts)
    marker = tmp_path / MARKER
    content = marker.read_bytes()
    marker.unlink() if left is None else marker.write_bytes(left)
    reader = Store(tmp_path, create=False)
    assert (reader.get(key) is not None) == parts.get("cells", True)
    assert len(reader.runs()) == parts.get("runs", True)
    assert (marker.read_bytes() if marker.exists() else None) == left, "looking changes nothing"
    Store(tmp_path)
    assert marker.read_bytes() == content


def test_folders_that_merely_have_the_same_names_are_no_store(tmp_path: Path) -> None:
    """Nothing is written among somebody's cells and runs."""
    (tmp_path / "cells" / "ab").mkdir(parents=True)
    (tmp_path / "cells" / "ab" / "blood.json").write_text("{}")
    (tmp_path / "cells" / "ab" / f"{'cd' * 32}.json").write_text("{}")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "marathon.json").write_text('{"km": 42}')
    with pytest.raises(BadInput, match="holds other things"):
        Store(tmp_path)
    assert not (tmp_path / MARKER).exists()


def test_the_marker_of_another_version_is_respected_whatever_lies_beside_it(tmp_path: Path) -> None:
    """Its cells may mean something else."""
    fill(tmp_path)
    (tmp_path / MARKER).write_text('{"format": 2, "what": "a store"}')
    with pytest.raises(BadInput, match="this version"):
        Store(tmp_path)
