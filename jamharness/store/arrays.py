"""Arrays of finished cells that stay on disk until they are asked for."""

import hashlib
import io
import os
import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from io import BufferedReader
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from jamharness.api import BadInput
from jamharness.store.files import open_regular

MEMORY = 64 * 2**20
"""Bytes of arrays that stay in memory, over all cells of this process."""

_Signature = tuple[int, int, int, int]
_recent: "OrderedDict[tuple[Path, _Signature, str], NDArray[Any]]" = OrderedDict()
_lock = threading.Lock()


def pack(arrays: Sequence[NDArray[Any]]) -> memoryview:
    """The content of an ``.npz`` file.

    Raises:
        ValueError: an array holds Python objects.
    """
    buffer = io.BytesIO()
    # By position, since a name may be one that numpy or the zip format does not take.
    np.savez(buffer, *arrays, allow_pickle=False)
    return buffer.getbuffer()


class StoredArrays(Mapping[str, NDArray[Any]]):
    """The arrays of one cell by name, each read from its file when it is asked for, and read-only.

    The file is compared with its checksum before the first array is taken from it, and again when it has changed.

    Arguments:
        path: of the ``.npz`` file.
        names: of the arrays, in the order in which the file holds them.
        sha256: of the file, in hexadecimal.
        size: of the file in bytes; None for one of an earlier version, which did not note it.
    """

    def __init__(self, path: Path, names: Sequence[str], sha256: str, size: int | None = None) -> None:
        self._path, self._sha256, self._size = path, sha256, size
        self._members = {name: f"arr_{index}" for index, name in enumerate(names)}
        self._checked: _Signature | None = None

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __contains__(self, name: object) -> bool:
        return name in self._members  # the inherited one would read the array

    def __repr__(self) -> str:
        return f"<{', '.join(self._members)} in {self._path.name}>"

    def __getitem__(self, name: str) -> NDArray[Any]:
        member = self._members[name]
        try:
            with open_regular(self._path) as file:
                key = (self._path, self._verify(file), name)
                with _lock:
                    array = _recent.get(key)
                return _remember(key, _read_member(file, member) if array is None else array)
        except (OSError, ValueError, LookupError, EOFError, BadZipFile, zlib.error) as error:
            raise BadInput(
                f"Array {name!r} of cell {self._path.stem} cannot be read any more ({error}); "
                "'jamharness resume' computes the cell again."
            ) from None

    def check(self) -> None:
        """Compare the file with its checksum, a piece at a time.

        Raises:
            OSError: it cannot be read.
            ValueError: it is not what was written.
        """
        with open_regular(self._path) as file:
            self._verify(file)

    def _verify(self, file: BufferedReader) -> _Signature:
        state = os.fstat(file.fileno())
        signature = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)
        if signature != self._checked:
            # Before the checksum: a terabyte takes an hour to read.
            if self._size is not None and state.st_size != self._size:
                raise ValueError(f"{self._path.name} has {state.st_size} bytes and not {self._size}")
            if hashlib.file_digest(file, "sha256").hexdigest() != self._sha256:
                raise ValueError(f"{self._path.name} is not what was written")
            self._checked = signature
        return signature


def _read_member(file: BufferedReader, member: str) -> NDArray[Any]:
    file.seek(0)
    with np.load(file, allow_pickle=False) as members:
        array: NDArray[Any] = members[member]
    # Whoever asks next may get the same one.
    array.flags.writeable = False
    return array


def _remember(key: tuple[Path, _Signature, str], array: NDArray[Any]) -> NDArray[Any]:
    with _lock:
        _recent[key] = array
        _recent.move_to_end(key)
        total = sum(each.nbytes for each in _recent.values())
        while total > MEMORY:
            total -= _recent.popitem(last=False)[1].nbytes
    return array
