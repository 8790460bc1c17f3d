"""A finished cell on disk: read as it was written, or not at all."""

import json
import math
import random
from pathlib import Path

import numpy as np
import pytest

from jamharness.api import CellResult, digest
from jamharness.store.cells import StoredCell, read_cell, write_cell

IDENTITY = {"cell": {"protocol": "p", "coordinates": {"width": 3, "rate": 0.1}, "dataset": None}, "backend": "b"}
KEY = digest(IDENTITY)


def example(arrays: bool = True) -> StoredCell:
    stored_arrays = {"file": np.arange(6.0).reshape(2, 3), "a/b": np.array(3), "labels": np.array(["x", "yz"])}
    values = {"loss": 0.1 + 0.2, "worst": math.nan, "bound": -math.inf, "found": None, "list": [1, [2.5, True]]}
    return StoredCell(
        identity=IDENTITY,
        result=CellResult(values=values, arrays=stored_arrays if arrays else {}),
        seconds=1.5,
        label="cell",
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / f"{KEY}.json"


def test_a_cell_comes_back_as_it_was(path: Path) -> None:
    """Values exactly, arrays with dtype and shape whatever their names, label and time."""
    write_cell(path, example())
    stored = read_cell(path)
    assert stored is not None
    assert (stored.label, stored.seconds, stored.identity) == ("cell", 1.5, IDENTITY)
    assert math.isnan(stored.result.values["worst"])
    assert {**stored.result.values, "worst": 0} == {**example().result.values, "worst": 0}
    assert list(stored.result.arrays) == ["file", "a/b", "labels"]
    for name, array in example().result.arrays.items():
        assert stored.result.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(stored.result.arrays[name], array)
        assert stored.result.arrays[name].shape == array.shape


def test_a_cell_without_arrays_has_no_second_file(path: Path) -> None:
    """The npz exists only if there is something in it."""
    write_cell(path, example(arrays=False))
    assert not path.with_suffix(".npz").exists()
    assert read_cell(path) is not None


def test_the_json_is_the_commit_point(path: Path) -> None:
    """Arrays without their JSON are no cell."""
    write_cell(path, example())
    path.unlink()
    assert read_cell(path) is None


@pytest.mark.parametrize("suffix", [".json", ".npz"])
def test_a_file_cut_anywhere_is_no_cell(path: Path, suffix: str) -> None:
    """Half-written files are never read as success."""
    write_cell(path, example())
    victim = path.with_suffix(suffix)
    content = victim.read_bytes()
    for length in (0, 1, len(content) // 2, len(content) - 1):
        victim.write_bytes(content[:length])
        assert read_cell(path) is None
    victim.write_bytes(content)
    assert read_cell(path) is not None


@pytest.mark.parametrize("suffix", [".json", ".npz"])
def test_a_single_altered_byte_makes_it_no_cell(path: Path, suffix: str) -> None:
    """Both files are under a checksum."""
    write_cell(path, example())
    victim = path.with_suffix(suffix)
    content = victim.read_bytes()
    draw = random.Random(0)
    for _ in range(50):
        index = draw.randrange(len(content))
        altered = bytearray(content)
        altered[index] ^= 1 << draw.randrange(7)
        victim.write_bytes(altered)
        assert read_cell(path) is None, index


def test_arrays_of_another_cell_are_not_taken(path: Path) -> None:
    """The JSON carries the checksum of its own arrays."""
    write_cell(path, example())
    other = StoredCell(identity=IDENTITY, result=CellResult(values={}, arrays={"file": np.ones(3)}), seconds=1.0)
    content = path.read_bytes()
    write_cell(path, other)
    path.write_bytes(content)
    assert read_cell(path) is None


def test_a_cell_under_another_name_is_no_cell(path: Path) -> None:
    """A file copied to another key would give the wrong numbers."""
    write_cell(path, example(arrays=False))
    copy = path.with_name(f"{digest('other')}.json")
    copy.write_bytes(path.read_bytes())
    assert read_cell(copy) is None


@pytest.mark.parametrize("rubbish", [b"", b"null", b"[]", b"{}", b"\xff\xfe", b"[" * 100_000, b'{"checksum": 1}'])
def test_rubbish_is_no_cell(path: Path, rubbish: bytes) -> None:
    """Whatever lies there, reading does not fail."""
    path.write_bytes(rubbish)
    assert read_cell(path) is None


def test_a_cell_of_another_format_is_no_cell(path: Path) -> None:
    """A later version may mean something else by the same words."""
    write_cell(path, example(arrays=False))
    document = json.loads(path.read_bytes())
    del document["checksum"]
    document["format"] = 2
    path.write_text(json.dumps({**document, "checksum": digest(document)}))
    assert read_cell(path) is None


def test_arrays_of_objects_are_refused(path: Path) -> None:
    """They could not be read back without running code; nothing is committed."""
    bad = StoredCell(identity=IDENTITY, result=CellResult(values={}, arrays={"x": np.array([{}])}), seconds=0.0)
    with pytest.raises(ValueError, match="Object arrays"):
        write_cell(path, bad)
    assert read_cell(path) is None
