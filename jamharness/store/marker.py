"""How a folder is known to be a store: by its marker, and, where that is lost, by what it holds."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from jamharness.api import Json, canonical_json
from jamharness.store.files import read_regular, write_atomically

MARKER = "jamharness-store.json"
_MARK: Json = {"what": "a jamharness store: cells by content, and runs", "format": 1}
_CELL = re.compile(r"([0-9a-f]{2})[0-9a-f]{62}\.(json|npz)")


def is_marked(root: Path) -> bool:
    """Whether a folder has the marker of this version's stores.

    Raises:
        OSError: the system refused to tell.
    """
    try:
        return read_regular(root / MARKER) == canonical_json(_MARK).encode()
    except (FileNotFoundError, ValueError):
        return False


def is_of_another_version(root: Path) -> bool:
    """Whether a folder has a marker that another version can have written."""
    with suppress(OSError, ValueError, RecursionError):
        document = json.loads(read_regular(root / MARKER))
        return isinstance(document, dict) and document != _MARK
    return False


def looks_like_store(root: Path) -> bool:
    """Whether a folder holds a cell or a run of ours, so that only its marker can be lost or damaged."""
    return any(True for _ in _ours(root))


def _ours(root: Path) -> Iterator[Path]:
    for folder in _inside(root / "cells"):
        for path in _inside(folder):
            match = _CELL.fullmatch(path.name)
            if match and match[1] == folder.name:
                yield path
    for path in _inside(root / "runs"):
        if path.suffix == ".json":
            with suppress(OSError, ValueError, RecursionError):
                document = json.loads(read_regular(path))
                if isinstance(document, dict) and {"format", "record", "checksum"} <= set(document):
                    yield path


def _inside(folder: Path) -> Iterator[Path]:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            yield folder / entry.name


def mark(root: Path) -> None:
    """Write the marker if it is not there.

    Raises:
        OSError: the system refused.
    """
    if not is_marked(root):
        write_atomically(root / MARKER, canonical_json(_MARK).encode(), root)
