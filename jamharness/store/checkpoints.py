"""The state of a cell that is being computed: ``<key>.checkpoint`` beside the place of the finished cell."""

import io
import json
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from jamharness.api import CellResult
from jamharness.store.files import open_regular, write_atomically
from jamharness.store.marker import is_marked
from jamharness.store.values import decode, encode, is_duration, strict_json

PAUSE = 5.0
"""Seconds of computing before the first state, and between two at least; most cells are finished before."""
PART = 0.02
"""Of what was computed: so much is lost at most when the process is ended, and writing takes no more."""
_FORMAT = 1


class CheckpointFile:
    """The ``Checkpoints`` of one cell, in a file.

    A state that cannot be read is none, whatever lies there. One that cannot be written is not worth a cell: the reason
    is said, and no more is written.

    Arguments:
        path: the file.
        like: the folder whose group and permissions it takes.
        say: told why no state can be written.
        pause: seconds between two states.
    """

    def __init__(
        self, path: Path, like: Path | None, say: Callable[[str], None] = lambda _: None, pause: float = PAUSE
    ) -> None:
        self._path, self._like, self._say = path, like, say
        self._start = self._written = time.monotonic()
        self._pause = pause
        self._before, self._last = self._read()

    @classmethod
    def in_store(cls, path: Path, say: Callable[[str], None]) -> "CheckpointFile | None":
        """Of a cell's file in a store, see ``Store.checkpoint``; None where this machine sees no store there."""
        root = path.parents[2]
        with suppress(OSError):
            return cls(path, root, say) if is_marked(root) else None
        return None

    @property
    def seconds(self) -> float:
        """How long the cell has been computed up to now, in this process and in those that it goes on from."""
        return self._before + time.monotonic() - self._start

    def last(self) -> CellResult | None:
        """As ``Checkpoints.last``."""
        return self._last

    def keep(self, state: Callable[[], CellResult]) -> None:
        """As ``Checkpoints.keep``."""
        start = time.monotonic()
        if start - self._written < max(self._pause, PART * self.seconds):
            return
        try:
            write_atomically(self._path, _pack(state(), self.seconds), self._like)
        except OSError as error:
            self._say(f"no checkpoint can be written ({error.strerror or error})")
            self._pause = float("inf")
            return
        self._last = None  # what it was is superseded, and may be large
        self._written = time.monotonic()
        self._pause = max(self._pause, (self._written - start) / PART)

    def _read(self) -> tuple[float, CellResult | None]:
        try:
            with open_regular(self._path) as file, np.load(file, allow_pickle=False) as members:
                document = json.loads(str(members["document"]))
                seconds, values = document["seconds"], decode(document["values"])
                if document["format"] != _FORMAT or not is_duration(seconds) or not isinstance(values, dict):
                    return 0.0, None
                arrays = {name: members[f"arr_{index}"] for index, name in enumerate(document["names"])}
                return seconds, CellResult(values=values, arrays=arrays)
        except (OSError, ValueError, TypeError, LookupError, AttributeError, EOFError, BadZipFile, zlib.error):
            return 0.0, None


def _pack(state: CellResult, seconds: float) -> memoryview:
    document = {
        "format": _FORMAT,
        "seconds": seconds,
        "values": encode(state.values),
        "names": list(state.arrays),
    }
    buffer = io.BytesIO()
    # Arrays by position, as in a cell's.
    np.savez(buffer, *state.arrays.values(), document=np.array(strict_json(document).decode()), allow_pickle=False)
    return buffer.getbuffer()
