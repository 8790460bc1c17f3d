"""Arrays stay on disk until they are asked for, and are what was written."""

import gc
import json
from pathlib import Path

import numpy as np
import pytest

import jamharness.store.arrays as module
from jamharness.api import BadInput, CellResult, digest
from jamharness.store import Store

MEGABYTE = 2**17
"""Numbers of 8 bytes."""


def keep(store: Store, number: int, size: int = MEGABYTE) -> str:
    identity = {"cell": number}
    key = store.key(identity)
    arrays = {"w": np.full(size, float(number)), "margins": np.arange(3.0)}
    store.put(key, identity, CellResult(values={"number": number}, arrays=arrays), 1.0)
    return key


def test_what_is_read_of_a_cell_holds_no_array(tmp_path: Path) -> None:
    """Reading a hundred cells of a megabyte each loads none of them; asking for a small one loads that one alone."""
    store = Store(tmp_path)
    keys = [keep(store, number) for number in range(100)]
    module._recent.clear()
    results = [store.get(key) for key in keys]
    assert not module._recent
    for number, result in enumerate(results):
        assert result is not None
        assert list(result.arrays) == ["w", "margins"]
        assert "w" in result.arrays
        assert result.values == {"number": number}
    assert not module._recent
    np.testing.assert_array_equal(results[7].arrays["margins"], np.arange(3.0))  # type: ignore[union-attr]
    assert [array.nbytes for array in module._recent.values()] == [24]


def test_only_a_bounded_part_of_what_was_loaded_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is asked for, in whatever order; one that is larger than the bound is not kept at all."""
    monkeypatch.setattr(module, "MEMORY", 3 * 2**20)
    module._recent.clear()
    store = Store(tmp_path)
    keys = [keep(store, number) for number in range(8)]
    for number, key in enumerate(keys):
        result = store.get(key)
        assert result is not None
        assert result.arrays["w"][-1] == number
        assert sum(array.nbytes for array in module._recent.values()) <= 3 * 2**20
    large = store.get(keep(store, 99, 4 * MEGABYTE))
    assert large is not None
    assert large.arrays["w"].nbytes == 4 * 2**20
    assert sum(array.nbytes for array in module._recent.values()) <= 3 * 2**20


def test_what_was_measured_is_dropped_once_it_is_kept(tmp_path: Path) -> None:
    """``put`` gives back the cell with its arrays on disk; nothing of the store holds those that were given."""
    store = Store(tmp_path)
    array = np.zeros(MEGABYTE)
    identity = {"cell": 1}
    stored = store.put(store.key(identity), identity, CellResult(values={}, arrays={"w": array}), 1.0)
    assert not [item for item in gc.get_referrers(array) if isinstance(item, dict) and "w" in item]
    assert stored.result.arrays["w"] is not array
    np.testing.assert_array_equal(stored.result.arrays["w"], array)


def test_a_stored_array_cannot_be_written_to(tmp_path: Path) -> None:
    """Another reader may get the same one."""
    store = Store(tmp_path)
    result = store.get(keep(store, 1))
    assert result is not None
    with pytest.raises(ValueError, match="read-only"):
        result.arrays["w"][0] = 1.0


@pytest.mark.parametrize("damage", ["altered", "gone", "a folder"])
def test_an_array_that_changes_after_its_cell_was_read_is_an_error(tmp_path: Path, damage: str) -> None:
    """It is compared with its checksum again, and the sentence says how to go on."""
    store = Store(tmp_path)
    key = keep(store, 1)
    result = store.get(key)
    assert result is not None
    assert result.arrays["w"][0] == 1.0
    path = tmp_path / "cells" / key[:2] / f"{key}.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink()
    if damage == "altered":
        path.write_bytes(content)
    elif damage == "a folder":
        path.mkdir()
    with pytest.raises(BadInput, match=rf"Array 'w' of cell {key} cannot be read any more .*jamharness resume"):
        result.arrays["w"]


def test_an_unknown_array_is_a_key_error(tmp_path: Path) -> None:
    """As of any mapping."""
    store = Store(tmp_path)
    result = store.get(keep(store, 1))
    assert result is not None
    with pytest.raises(KeyError, match="v"):
        result.arrays["v"]
    assert result.arrays.get("v") is None


def test_a_file_that_has_grown_is_told_by_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without reading it: a hole of a terabyte takes an hour. Files of versions that noted no size are read."""
    store = Store(tmp_path)
    key = keep(store, 1, 10)
    path = tmp_path / "cells" / key[:2] / f"{key}.json"
    document = json.loads(path.read_bytes())
    document.pop("checksum")
    document["arrays"].pop("bytes")
    older = {**document, "checksum": digest(document)}
    newer = path.read_bytes()
    path.write_text(json.dumps(older))
    assert store.get(key) is not None
    path.write_bytes(newer)
    with path.with_suffix(".npz").open("r+b") as file:
        file.truncate(1 << 40)
    monkeypatch.setattr(module.hashlib, "file_digest", lambda *_: pytest.fail("it was read"))
    assert store.get(key) is None
