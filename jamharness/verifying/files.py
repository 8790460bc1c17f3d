"""Whether the files of a run are, byte for byte, what was written."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jamharness.store import RunRecord, Store
from jamharness.store.cells import read_cell
from jamharness.store.files import read_regular
from jamharness.store.marker import MARKER, is_marked
from jamharness.store.values import strict_json
from jamharness.verifying.result import Row

Sealed = dict[str, str]
"""The SHA-256 of every file that was read, by its path in the store."""


def check_files(store: Store, record: RunRecord, sealed: Sealed) -> Iterator[Row]:
    """The marker, the record, every cell with its arrays, and the figures that the record has digests of.

    Arguments:
        store: that holds the run.
        record: of the run, as it was read.
        sealed: gets the digests.
    """
    root = store.root
    yield _file(root, MARKER, sealed, is_marked(root), "it is not what this version writes")
    name = f"runs/{record.name}.json"
    same = _is_canonical(root / name) and record.status != "unreadable"
    yield _file(root, name, sealed, same, "it is not what was written")
    for key in sorted({key for keys in record.cells.values() for key in keys}):
        path = root / "cells" / key[:2] / f"{key}.json"
        sound = read_cell(path) is not None and _is_canonical(path)
        wrong = "it, or the arrays beside it, are not what was written" if path.exists() else "it is missing"
        yield _file(root, str(path.relative_to(root)), sealed, sound, wrong)
        if path.with_suffix(".npz").exists():
            sealed[str(path.with_suffix(".npz").relative_to(root))] = _digest(path.with_suffix(".npz"))
    for name, digest in record.figures.items():
        path = root / "figures" / record.name / name
        drawn = _digest(path) == digest
        yield _file(root, str(path.relative_to(root)), sealed, drawn, "it is not the figure that the run drew")


def seal_of(sealed: Sealed) -> str:
    """One digest for all of them."""
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(sealed.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _file(root: Path, name: str, sealed: Sealed, sound: bool, wrong: str) -> Row:
    sealed[name] = _digest(root / name)
    return Row(kind="files", about=name, claim="bytes", holds=sound, numbers="" if sound else wrong)


def _is_canonical(path: Path) -> bool:
    """Whether a document is written as this version writes it: another text for the same values is a change too."""
    try:
        data = read_regular(path)
        document: Any = json.loads(data)
        return strict_json(document) == data
    except (OSError, ValueError, TypeError, RecursionError):
        return False


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return "missing"
