"""The state of a cell that is being computed: ``<key>.checkpoint`` beside the place of the finished cell."""

import json
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from jamharness.api import CellResult, Json
from jamharness.store.arrays import pack
from jamharness.store.files import open_regular, write_atomically
from jamharness.store.marker import is_marked
from jamharness.store.values import decode, encode, is_duration, strict_json

PAUSE = 1.0
"""Seconds of computing before the first state, and between two at least."""
PART = 0.02
"""Of what was computed: so much is lost at most when the process is ended, and writing takes no more."""
_FORMAT = 1


class CheckpointFile:
    """The ``Checkpoints`` of one cell, in a file.

    A state that cannot be read is none, whatever lies there. One that cannot be written is not worth a cell: the reason
    is said, and no more is written.

    Arguments:
        path: the file, such as ``Store.checkpoint`` names.
        store: the folder of the store that it lies in, whose group and permissions it takes; where this machine sees no
            store there, nothing is kept. None for a file anywhere.
        say: told why no state can be written.
        pause: seconds between two states.
    """

    def __init__(
        self, path: Path, store: Path | None, say: Callable[[str], None] = lambda _: None, pause: float = PAUSE
    ) -> None:
        self._path, self._store, self._say = path, store, say
        self._start = self._written = time.monotonic()
        self._pause = pause
        self._before, self._last = self._read_document()

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
        if start - self._written < max(self._pause, PART * (self._before + start - self._start)):
            return
        try:
            if self._store is not None and not is_marked(self._store):
                self._pause = float("inf")
                return
            write_atomically(self._path, _packed(state(), self.seconds), self._store)
        except OSError as error:
            self._say(f"no checkpoint can be written ({error.strerror or error})")
            self._pause = float("inf")
            return
        self._last = None  # what it was is superseded, and may be large
        self._written = time.monotonic()
        self._pause = max(self._pause, (self._written - start) / PART)

    def _read_document(self) -> tuple[float, CellResult | None]:
        try:
            with open_regular(self._path) as file, np.load(file, allow_pickle=False) as members:
                document = json.loads(str(members["arr_0"]))
                seconds, values = document["seconds"], decode(document["values"])
                if document["format"] != _FORMAT or not is_duration(seconds) or not isinstance(values, dict):
                    return 0.0, None
                arrays = {name: members[f"arr_{index}"] for index, name in enumerate(document["names"], 1)}
                return seconds, CellResult(values=values, arrays=arrays)
        except (OSError, ValueError, TypeError, LookupError, AttributeError, EOFError, BadZipFile, zlib.error):
            return 0.0, None


def _packed(state: CellResult, seconds: float) -> memoryview:
    document: dict[str, Json] = {
        "format": _FORMAT,
        "seconds": seconds,
        "values": encode(state.values),
        "names": list(state.arrays),
    }
    return pack([np.array(strict_json(document).decode()), *state.arrays.values()])
