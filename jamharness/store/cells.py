"""One finished cell on disk: ``<key>.json``, and ``<key>.npz`` beside it when it has arrays."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from jamharness.api import CellResult, Json, digest
from jamharness.printable import printable
from jamharness.store.arrays import StoredArrays, pack
from jamharness.store.files import read_regular, write_atomically
from jamharness.store.values import decode, encode, is_duration, strict_json

_FORMAT = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredCell:
    """A finished cell as it lies on disk.

    Arguments:
        identity: everything that could change its numbers; the key is its digest.
        result: what was measured.
        seconds: how long that took.
        label: what was shown while it ran.
    """

    identity: Mapping[str, Json]
    result: CellResult
    seconds: float
    label: str = ""


def write_cell(path: Path, cell: StoredCell, like: Path | None = None) -> StoredCell:
    """Write a cell, its arrays first: the JSON is the commit point and carries their checksum.

    Arguments:
        path: of the JSON file; its stem is the key.
        cell: what to write.
        like: the folder whose group and permissions the files take.

    Returns:
        The cell as ``read_cell`` would give it, its arrays on disk.

    Raises:
        OSError: the system refused.
        ValueError: an array holds Python objects, which are not kept.
    """
    arrays: dict[str, Json] | None = None
    stored_arrays: Mapping[str, NDArray[Any]] = {}
    if cell.result.arrays:
        data = pack(list(cell.result.arrays.values()))
        names, sha256 = list(cell.result.arrays), hashlib.sha256(data).hexdigest()
        write_atomically(path.with_suffix(".npz"), data, like)
        arrays = {"names": names, "sha256": sha256, "bytes": data.nbytes}
        stored_arrays = StoredArrays(path.with_suffix(".npz"), names, sha256, data.nbytes)
    document: dict[str, Json] = {
        "format": _FORMAT,
        "key": path.stem,
        "identity": dict(cell.identity),
        "label": cell.label,
        "seconds": cell.seconds,
        "values": encode(cell.result.values),
        "arrays": arrays,
    }
    write_atomically(path, strict_json({**document, "checksum": digest(document)}), like)
    return replace(cell, result=CellResult(values=cell.result.values, arrays=stored_arrays))


def read_cell(path: Path) -> StoredCell | None:
    """Read a cell; its arrays are compared with their checksum and left where they are.

    Arguments:
        path: of the JSON file.

    Returns:
        The cell; None when it is absent, half-written, altered, or of another format.
    """
    try:
        document = json.loads(read_regular(path))
        checksum = document.pop("checksum")
        if document["format"] != _FORMAT or document["key"] != path.stem or checksum != digest(document):
            return None
        if digest(document["identity"]) != path.stem:
            return None
        seconds, label = document["seconds"], document["label"]
        if not is_duration(seconds) or not isinstance(label, str):
            return None
        arrays = _arrays(path.with_suffix(".npz"), document["arrays"])
        values = decode(document["values"])
        if not isinstance(values, dict):
            return None
        result = CellResult(values=values, arrays=arrays)
        return StoredCell(identity=document["identity"], result=result, seconds=seconds, label=printable(label))
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        # Whatever rubbish lies there, the cell is not: it is measured again and replaced.
        return None


def _arrays(path: Path, entry: Any) -> Mapping[str, NDArray[Any]]:
    if entry is None:
        return {}
    names, sha256 = entry["names"], entry["sha256"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"names = {names!r}")
    arrays = StoredArrays(path, names, sha256, entry.get("bytes"))
    arrays.check()
    return arrays
