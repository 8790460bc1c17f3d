"""The record of a run: what was asked for, which cells it consists of, and how it ended."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from jamharness.api import BadInput, Json, digest
from jamharness.store.files import write_atomically
from jamharness.store.values import decode, encode, strict_json

_FORMAT = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
STATUSES = ("running", "finished", "interrupted", "failed", "unreadable")


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A cell that was tried in vain; it is tried again when the run is resumed.

    Arguments:
        cell: its identity as the protocol gives it: protocol, coordinates and data set.
        label: what was shown while it ran.
        reason: one sentence.
        detail: the traceback in the worker, where there is one.
    """

    cell: Mapping[str, Json]
    label: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One run, as ``runs/<name>.json`` holds it.

    Arguments:
        name: the run's name.
        created: when it was first started, UTC, ISO 8601.
        status: one of ``STATUSES``; ``"unreadable"`` stands for a file that is no record.
        problem: what stopped it, or why it cannot be read.
        protocols: the settings of each protocol, in the order in which they run.
        preset: the preset that the settings started from.
        seed: the seed that was asked for apart from the settings.
        backend, device, dtype, threads: where it was computed.
        cells: the store keys of each protocol's finished cells.
        failures: each protocol's cells that were tried in vain.
        reused: how many of each protocol's cells were in the store already.
        spent: seconds of wall time per protocol, over all resumptions.
        estimates: each protocol's estimates when the run finished: value, low, high, count and note by name.
        environment: what the machine and the libraries were.
        version: of jamharness.
        process: which process works on it: user, host, pid and the time it started.
    """

    name: str
    created: str = ""
    status: str = "running"
    problem: str = ""
    protocols: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    preset: str | None = None
    seed: int | None = None
    backend: str = ""
    device: str = "cpu"
    dtype: str = "float64"
    threads: int = 1
    cells: Mapping[str, Sequence[str]] = field(default_factory=dict)
    failures: Mapping[str, Sequence[Failure]] = field(default_factory=dict)
    reused: Mapping[str, int] = field(default_factory=dict)
    spent: Mapping[str, float] = field(default_factory=dict)
    estimates: Mapping[str, Mapping[str, Mapping[str, Json]]] = field(default_factory=dict)
    environment: Mapping[str, Json] = field(default_factory=dict)
    version: str = ""
    process: Mapping[str, Json] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Wall time over all protocols and resumptions."""
        return sum(self.spent.values())

    def requested(self) -> dict[str, Json]:
        """What was asked for: two records of one name must not differ in it."""
        return {
            "protocols": {name: encode(settings) for name, settings in self.protocols.items()},
            "backend": self.backend,
            "device": self.device,
            "dtype": self.dtype,
            "threads": self.threads,
        }


def default_name(record: RunRecord) -> str:
    """Protocols and a short digest of what was asked for: the same command finds the same run again."""
    stem = "-".join(record.protocols)[:80]
    return f"{stem}-{digest(record.requested())[:6]}"


def check_run_name(name: str) -> None:
    """Refuse a name that cannot be a file's.

    Raises:
        BadInput: it holds other characters than letters, digits, dot, underscore and hyphen, or does not begin with a
            letter or digit, or has more than 100 characters.
    """
    if not _NAME.fullmatch(name):
        raise BadInput(
            f"Run name {name!r}: use 1 to 100 letters, digits, '.', '_' or '-', the first a letter or digit, "
            "such as 'jamming-2'."
        )


def write_record(path: Path, record: RunRecord) -> None:
    """Write the record of a run.

    Raises:
        OSError: the system refused.
    """
    document: dict[str, Json] = {"format": _FORMAT, "record": encode(asdict(record))}
    write_atomically(path, strict_json({**document, "checksum": digest(document)}))


def read_record(path: Path) -> RunRecord:
    """Read the record of a run.

    Returns:
        The record; for anything else that lies there, one that is ``"unreadable"`` and says why in ``problem``.

    Raises:
        FileNotFoundError: nothing lies there.
    """
    try:
        document = json.loads(path.read_bytes())
        checksum = document.pop("checksum")
        if document["format"] != _FORMAT or checksum != digest(document):
            raise ValueError("it was altered, or another version wrote it")
        return _record(path.stem, decode(document["record"]))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        return RunRecord(
            name=path.stem,
            status="unreadable",
            problem=f"{path.name} is no record of a run ({reason}); remove it or start the run again.",
        )


def _record(name: str, document: Any) -> RunRecord:
    known = {item.name for item in fields(RunRecord)}
    given = {key: value for key, value in document.items() if key in known}
    failures = {protocol: [Failure(**item) for item in items] for protocol, items in given["failures"].items()}
    record = RunRecord(**{**given, "name": name, "failures": failures})
    if record.status not in STATUSES:
        raise ValueError(f"status {record.status!r}")
    return record
