"""One finished cell on disk: ``<key>.json``, and ``<key>.npz`` beside it when it has arrays."""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jamharness.api import CellResult, Json, digest
from jamharness.store.files import write_atomically
from jamharness.store.values import decode, encode, strict_json

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


def write_cell(path: Path, cell: StoredCell) -> None:
    """Write a cell, its arrays first: the JSON is the commit point and carries their checksum.

    Arguments:
        path: of the JSON file; its stem is the key.
        cell: what to write.

    Raises:
        OSError: the system refused.
        ValueError: an array holds Python objects, which are not kept.
    """
    arrays: dict[str, Json] | None = None
    if cell.result.arrays:
        data = _pack(list(cell.result.arrays.values()))
        write_atomically(path.with_suffix(".npz"), data)
        arrays = {"names": list(cell.result.arrays), "sha256": hashlib.sha256(data).hexdigest()}
    document: dict[str, Json] = {
        "format": _FORMAT,
        "key": path.stem,
        "identity": dict(cell.identity),
        "label": cell.label,
        "seconds": cell.seconds,
        "values": encode(cell.result.values),
        "arrays": arrays,
    }
    write_atomically(path, strict_json({**document, "checksum": digest(document)}))


def read_cell(path: Path) -> StoredCell | None:
    """Read a cell.

    Arguments:
        path: of the JSON file.

    Returns:
        The cell; None when it is absent, half-written, altered, or of another format.
    """
    try:
        document = json.loads(path.read_bytes())
        checksum = document.pop("checksum")
        if document["format"] != _FORMAT or document["key"] != path.stem or checksum != digest(document):
            return None
        if digest(document["identity"]) != path.stem:
            return None
        arrays = _read_arrays(path.with_suffix(".npz"), document["arrays"])
        result = CellResult(values=decode(document["values"]), arrays=arrays)  # type: ignore[arg-type]
        return StoredCell(
            identity=document["identity"], result=result, seconds=document["seconds"], label=document["label"]
        )
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        # Whatever rubbish lies there, the cell is not: it is measured again and replaced.
        return None


def _pack(arrays: list[NDArray[Any]]) -> bytes:
    buffer = io.BytesIO()
    # By position, since a name may be one that numpy or the zip format does not take.
    np.savez(buffer, *arrays, allow_pickle=False)
    return buffer.getvalue()


def _read_arrays(path: Path, entry: Any) -> dict[str, NDArray[Any]]:
    if entry is None:
        return {}
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        raise ValueError(f"{path.name} is not what was written")
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return {name: file[f"arr_{index}"] for index, name in enumerate(entry["names"])}
