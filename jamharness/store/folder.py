"""The folder that holds cells and runs."""

import logging
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from jamharness.api import BadInput, CellResult, Json, digest, unknown_name
from jamharness.store.cells import StoredCell, read_cell, write_cell
from jamharness.store.claims import Claims
from jamharness.store.files import explain, is_temporary, remove_stale, write_atomically
from jamharness.store.marker import MARKER, is_marked, is_of_another_version, looks_like_store, mark
from jamharness.store.runs import RunRecord, check_run_name, keep_copy, read_record, write_record

DEFAULT = "jamharness-store"
log = logging.getLogger("jamharness")


class Store:
    """Cells by the hash of everything that can change them, and runs by name. Any number of processes may write.

    What is new in it takes the folder's group, and the folder's permissions for that group.

    Arguments:
        path: the folder; None for ``jamharness-store`` in the current one.
        create: make it a store now if it is not one yet; otherwise it is one only after ``create``.

    Raises:
        BadInput: the path is a file, or a folder full of other things; with ``create``, also what cannot be written.
    """

    def __init__(self, path: str | Path | None = None, *, create: bool = True) -> None:
        self._path = repr(str(DEFAULT if path is None else path))
        self._named = f"Store {self._path}"
        self._readable: set[str] = set()
        if path == "":
            raise BadInput("Store '': no folder has an empty name; leave it out for 'jamharness-store', or give '.'.")
        try:
            self.root = Path(DEFAULT if path is None else path).expanduser().absolute()
            self._check()
        except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: the home of a user who does not exist
            raise BadInput(self._explain(error, "read")) from None
        if create:
            self.create()

    def _check(self) -> None:
        """Refuse what neither is a store nor can become one."""
        if "\0" in str(self.root):
            raise ValueError("a path holds no null character")
        nearest = self._nearest()
        if not nearest.is_dir():
            raise BadInput(f"{self._named}: {nearest} is a file; choose a folder.")
        if nearest != self.root:
            return
        strangers = [entry for entry in self.root.iterdir() if not is_temporary(entry)]
        # Asked last: another process may have made it a store since the folder was listed.
        if not strangers or is_marked(self.root):
            return
        if is_of_another_version(self.root):
            raise BadInput(
                f"{self._named}: its {MARKER} is not the one of this version's stores; "
                "use the jamharness that wrote it, or choose a new folder."
            )
        if not looks_like_store(self.root):
            raise BadInput(
                f"{self._named}: the folder holds other things, such as {min(strangers).name!r}, and no store; "
                "choose a new or an empty folder."
            )

    def _nearest(self) -> Path:
        for path in (self.root, *self.root.parents):
            # Whatever else is wrong with a path, such as a name that is too long, is the user's to know.
            with suppress(FileNotFoundError, NotADirectoryError):
                path.lstat()
                return path
        raise AssertionError

    def check_writable(self) -> None:
        """Find out whether the store can be written, leaving nothing behind.

        Raises:
            BadInput: it cannot.
        """
        try:
            # Asking for permissions is not enough: the administrator has them all, on a read-only disk too.
            probe = self._nearest() / f".jamharness-{secrets.token_hex(8)}.tmp"
            try:
                probe.write_bytes(b"?")
            finally:
                probe.unlink(missing_ok=True)
        except OSError as error:
            raise BadInput(self._explain(error)) from None

    def create(self) -> None:
        """Make the folder a store, if it is not one yet.

        Raises:
            BadInput: the system refuses.
        """
        self.check_writable()
        try:
            mark(self.root)
            for folder in (self.root, self.root / "runs", *self.root.glob("cells/*")):
                remove_stale(folder)
        except OSError as error:
            raise BadInput(self._explain(error)) from None

    def _explain(self, error: Exception, done: str = "written") -> str:
        if isinstance(error, OSError):
            return explain(error, self._named, done)
        return f"{self._named}: {error}; choose another."

    def claims(self) -> Claims:
        """The claims of a new holder: who computes which cell now."""
        return Claims(self.root)

    @staticmethod
    def key(identity: Mapping[str, Json]) -> str:
        """The key of a cell: the digest of everything that can change its numbers."""
        return digest(identity)

    def _cell(self, key: str) -> Path:
        return self.root / "cells" / key[:2] / f"{key}.json"

    def checkpoint(self, key: str) -> Path:
        """Where the state of a cell lies that is being computed, see ``CheckpointFile``; ``put`` removes it."""
        return self._cell(key).with_suffix(".checkpoint")

    def read(self, key: str) -> StoredCell | None:
        """A finished cell with its identity; None when it is absent or damaged."""
        return read_cell(self._cell(key))

    def get(self, key: str) -> CellResult | None:
        """What was measured for a key; None when it is absent or damaged."""
        stored = self.read(key)
        return stored.result if stored else None

    def written(self, key: str) -> float | None:
        """When a cell was written, by its file, in seconds since 1970; None when there is none."""
        try:
            return self._cell(key).stat().st_mtime
        except OSError:
            return None

    def check_cells(self) -> tuple[int, list[Path]]:
        """How many cells can be read and are what was written, and the files of those that are not."""
        paths = sorted((self.root / "cells").glob("*/*.json"))
        damaged = [path for path in paths if read_cell(path) is None and path.exists()]
        return len(paths) - len(damaged), damaged

    def put(
        self, key: str, identity: Mapping[str, Json], result: CellResult, seconds: float, label: str = ""
    ) -> StoredCell:
        """Keep a finished cell; the first one stays if the key has one already.

        Arguments:
            key: ``Store.key(identity)``.
            identity: everything that could change its numbers.
            result: what was measured; plain JSON values and arrays without Python objects.
            seconds: how long that took.
            label: what was shown while it ran.

        Returns:
            The cell that the store has now; its arrays are on disk and no longer those that were given.

        Raises:
            BadInput: the system refuses, for want of space for example.
        """
        # Two writers whose arrays differ in a bit would otherwise leave the JSON of one beside the arrays of the other.
        if (cell := self.read(key)) is None:
            cell = StoredCell(identity=identity, result=result, seconds=seconds, label=label)
            try:
                cell = write_cell(self._cell(key), cell, self.root)
            except OSError as error:
                raise BadInput(self._explain(error)) from None
        with suppress(OSError):
            self.checkpoint(key).unlink(missing_ok=True)
        return cell

    def _run_file(self, name: str) -> Path:
        check_run_name(name)
        return self.root / "runs" / f"{name}.json"

    def find_run(self, name: str) -> RunRecord | None:
        """The record of a run, possibly unreadable; None when there is none.

        Raises:
            BadInput: no run can have that name.
        """
        try:
            return read_record(self._run_file(name))
        except FileNotFoundError:
            return None

    def run(self, name: str) -> RunRecord:
        """The record of a run that exists.

        Raises:
            BadInput: there is no such run, or its record is damaged.
        """
        record = self.find_run(name)
        if record is None:
            names = [each.name for each in self.runs()]
            if not names:
                raise BadInput(
                    f"Unknown run {name!r}: store {self._path} holds no run; "
                    "name the store that has it, as in --store DIR, or start a run by: jamharness run"
                )
            raise BadInput(unknown_name(f"run of store {self._path}:", name, names))
        if record.status == "unreadable":
            raise BadInput(f"Run {name!r}: {record.problem}")
        return record

    def runs(self) -> list[RunRecord]:
        """All records, oldest first; a file that is none is a record with the status ``"unreadable"``.

        Raises:
            BadInput: the folder that holds them cannot be read.
        """
        records = []
        try:
            paths = sorted(path for path in (self.root / "runs").iterdir() if path.suffix == ".json")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise BadInput(explain(error, f"{self._named}: its folder 'runs'", "read")) from None
        for path in paths:
            if is_temporary(path):
                continue
            try:
                records.append(read_record(path))
            except FileNotFoundError:  # removed while we looked
                continue
        return sorted(records, key=lambda record: (record.created, record.name))

    def write_run(self, record: RunRecord) -> None:
        """Write or replace the record of a run; what lies there and is no record is kept beside it, with a warning.

        Raises:
            BadInput: no run can have its name, or the system refuses.
        """
        path = self._run_file(record.name)
        try:
            if record.name not in self._readable:
                if aside := keep_copy(path):
                    log.warning("What lay at %s is no record of a run; it is kept as %s.", path, aside)
                self._readable.add(record.name)
            write_record(path, record, self.root)
        except OSError as error:
            raise BadInput(self._explain(error)) from None

    def write(self, path: Path, data: bytes) -> None:
        """Write another file into the store, whole or not at all.

        Raises:
            BadInput: the system refuses.
        """
        try:
            write_atomically(path, data, self.root)
        except OSError as error:
            raise BadInput(self._explain(error)) from None
