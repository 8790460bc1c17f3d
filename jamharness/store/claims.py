"""Who computes which cell now, so that runs on one store share the work.

A claim is a file beside the cell: ``cells/ab/<key>.claim``, made by whoever begins the cell and removed when the cell
is there or has failed. It is advice: without it, or with a wrong one, a cell is computed twice and the first result
stays.
"""

import json
import os
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from jamharness.store.files import make_folder, read_regular, share, temporary_for, write_atomically
from jamharness.store.processes import runs_still, this_process

BEAT = 10.0
"""Seconds between two signs of life of a holder: the claim's time of modification."""
SILENCE = 60.0
"""Seconds without one after which a holder counts as gone, wherever it is: suspended, hung, or on a machine that is."""


class Claims:
    """The claims of one process on the cells of one store.

    Arguments:
        root: of the store.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._content = json.dumps(this_process()).encode()
        self._signed: Path | None = None
        self._mine: dict[str, Path] = {}
        self._others: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._beating: threading.Thread | None = None

    def take(self, key: str) -> bool:
        """Claim a cell.

        Arguments:
            key: the cell's.

        Returns:
            False if another process that works holds it. True if it is this process's now, and also where no claim can
            be written: then nothing is shared, and all is computed.
        """
        path = self._root / "cells" / key[:2] / f"{key}.claim"
        try:
            made = self._make(path)
            if not made and (content := self._stale(key, path)) is not None:
                made = self._take_over(path, content)
        except (OSError, ValueError):
            return True
        if made:
            with self._lock:
                self._mine[key] = path
            self._others.pop(key, None)
            self._beat()
        return made

    def release(self, key: str) -> None:
        """Give a cell back, whatever has become of it."""
        with self._lock:
            path = self._mine.pop(key, None)
        if path is not None:
            with suppress(OSError, ValueError):
                # It is another's if this process was silent for so long that it counted as gone.
                if read_regular(path) == self._content:
                    path.unlink()

    def held(self) -> tuple[str, ...]:
        """The keys of the cells that are claimed by this process."""
        return tuple(self._mine)

    def release_all(self) -> None:
        """Give back all that is held, and stop the signs of life."""
        for key in self.held():
            self.release(key)
        if self._signed is not None:
            with suppress(OSError):
                self._signed.unlink()
            self._signed = None
        self._wake.set()
        self._beating = None

    def _make(self, path: Path) -> bool:
        """Make a claim unless there is one; it appears with its whole content."""
        # Apart: what lies in the folder's place exists too, and is nobody's claim.
        make_folder(path.parent, self._root)
        try:
            os.link(self._sign(), path)
        except FileExistsError:
            return False
        except OSError:  # a file system without links, or too many of them
            with suppress(FileExistsError), path.open("xb") as file:
                file.write(self._content)
                share(path, self._root)
                return True
            return False
        return True

    def _sign(self) -> Path:
        """The file of which all claims of this process are links."""
        if self._signed is None:
            signed = temporary_for(self._root / "claims")
            write_atomically(signed, self._content, self._root)
            self._signed = signed
        return self._signed

    def _take_over(self, path: Path, content: bytes) -> bool:
        """Put this process's claim in the place of one that has this content; False if another was quicker.

        The claim is there all the time: it is replaced by whoever holds the file beside it, which one can make.
        """
        beside = path.with_suffix(".taking")
        if not self._make(beside):
            with suppress(FileNotFoundError):
                if self._silent(str(beside), beside.stat().st_mtime_ns):
                    beside.unlink()  # who made it was killed at this very point: next time
            return False
        try:
            if read_regular(path) != content:
                return False
            fresh = temporary_for(path)
            self._make(fresh)
            fresh.replace(path)
            return True
        except FileNotFoundError:
            return False  # given back a moment ago: next time
        finally:
            beside.unlink(missing_ok=True)

    def _stale(self, key: str, path: Path) -> bytes | None:
        """The content of a claim whose holder is gone; None for one that counts."""
        try:
            beaten, content = path.stat().st_mtime_ns, read_regular(path)
        except FileNotFoundError:
            return None  # given back a moment ago: next time
        return content if _holder_ended(content) or self._silent(key, beaten) else None

    def _silent(self, name: str, beaten: int) -> bool:
        """Whether a file has shown no sign of life for too long.

        By this process's own clock: those of two machines, and of the disk, may differ.
        """
        now = time.monotonic()
        before, since = self._others.get(name, (None, now))
        if before != beaten:
            since = now
        self._others[name] = (beaten, since)
        return now - since > SILENCE

    def _beat(self) -> None:
        if self._beating is None:
            self._wake = threading.Event()
            self._beating = threading.Thread(
                target=self._keep_beating, args=(self._wake,), name="jamharness-claims", daemon=True
            )
            self._beating.start()

    def _keep_beating(self, ended: threading.Event) -> None:
        while not ended.wait(BEAT):
            with self._lock:
                paths = list(self._mine.values())
            for path in paths:
                with suppress(OSError):
                    os.utime(path)


def _holder_ended(content: bytes) -> bool:
    """Whether the process that a claim names has ended for certain; of one that cannot be read its age decides."""
    with suppress(ValueError, RecursionError):
        holder = json.loads(content)
        return isinstance(holder, Mapping) and runs_still(holder) is False
    return False
