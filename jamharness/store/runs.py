"""The record of a run: what was asked for, which cells it consists of, and how it ended."""

import errno
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from itertools import count
from pathlib import Path
from typing import Any

from jamharness.api import BadInput, Estimate, Json, digest
from jamharness.printable import all_printable, printable
from jamharness.store.checking import check_shape
from jamharness.store.files import read_regular, write_atomically
from jamharness.store.values import decode, encode, finite_or_none, strict_json

_FORMAT = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
COPY = ".unreadable-"
"""Between the name of a record that could not be read and the number of the copy that is kept of it."""
STATUSES = ("running", "finished", "interrupted", "failed", "unreadable")


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A cell that was tried in vain; it is tried again when the run is resumed.

    Arguments:
        cell: what the protocol asked for: task, system, loss, coordinates, data set and what it needs.
        label: what was shown while it ran.
        reason: one sentence.
        detail: the traceback in the worker, where there is one.
    """

    cell: Mapping[str, Json]
    label: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Conclusion:
    """What a run concluded of one protocol when it finished, as it was printed.

    Arguments:
        estimates: by the name of the observable.
        objection: why the question was not answered; empty when it was.
        samples, resolution: as in ``Findings``.
    """

    estimates: Mapping[str, Estimate]
    objection: str = ""
    samples: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    resolution: Mapping[str, float] = field(default_factory=dict)


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
        conclusions: of each protocol, once the run has finished; records of earlier versions have none.
        reused: how many of each protocol's cells were in the store already.
        figures: the SHA-256 of each figure that was drawn when the run finished, by its file name; records of earlier
            versions have none.
        spent: seconds of wall time per protocol, over all resumptions.
        environment: what the machine and the libraries were.
        claim: what was registered before the run and what became of it, as ``running.claimed`` has them; empty for a
            run that tests no claim.
        version: of jamharness.
        process: which process works on it, as ``this_process`` says it, and its ``user``.
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
    conclusions: Mapping[str, Conclusion] = field(default_factory=dict)
    reused: Mapping[str, int] = field(default_factory=dict)
    figures: Mapping[str, str] = field(default_factory=dict)
    spent: Mapping[str, float] = field(default_factory=dict)
    environment: Mapping[str, Json] = field(default_factory=dict)
    claim: Mapping[str, Json] = field(default_factory=dict)
    version: str = ""
    process: Mapping[str, Json] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Wall time over all protocols and resumptions."""
        return sum(self.spent.values())

    @property
    def estimates(self) -> dict[str, dict[str, dict[str, Json]]]:
        """What was estimated when the run finished, by protocol and observable; None for what is not finite."""
        return {
            protocol: {
                name: {key: finite_or_none(value) for key, value in asdict(estimate).items()}
                for name, estimate in conclusion.estimates.items()
            }
            for protocol, conclusion in self.conclusions.items()
        }

    def requested(self) -> dict[str, Json]:
        """What was asked for: two records of one name must not differ in it."""
        tested: dict[str, Json] = {"claim": self.claim["digest"]} if self.claim else {}
        return {
            "protocols": {name: encode(settings) for name, settings in self.protocols.items()},
            "backend": self.backend,
            "device": self.device,
            "dtype": self.dtype,
            "threads": self.threads,
            **tested,
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


def write_record(path: Path, record: RunRecord, like: Path | None = None) -> None:
    """Write the record of a run.

    Arguments:
        path: where it goes; what lies there is replaced.
        record: what to write.
        like: the folder whose group and permissions the file takes.

    Raises:
        OSError: the system refused.
    """
    document: dict[str, Json] = {"format": _FORMAT, "record": encode(asdict(record))}
    write_atomically(path, strict_json({**document, "checksum": digest(document)}), like)


def read_record(path: Path) -> RunRecord:
    """Read the record of a run.

    Returns:
        The record, with control characters in its texts as escapes; for anything else that lies there, one that is
        ``"unreadable"`` and says why in ``problem``.

    Raises:
        FileNotFoundError: nothing lies there, not even a link that leads nowhere.
    """
    try:
        document = json.loads(read_regular(path))
        checksum = document.pop("checksum")
        if document["format"] != _FORMAT or checksum != digest(document):
            raise ValueError("it was altered, or another version wrote it")
        check_run_name(path.stem)
        if (other := document["record"]["name"]) != path.stem:
            raise ValueError(f"it is that of run {str(other)[:100]!r}")
        return _record(path.stem, decode(document["record"]))
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError, BadInput) as error:
        if isinstance(error, FileNotFoundError) and not path.is_symlink():
            raise
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0] or type(error).__name__
        return RunRecord(
            name=printable(path.stem),
            status="unreadable",
            problem=printable(
                f"{path} is no record of a run ({reason[:200]}); start the run again by its command: its cells are in "
                f"the store, and this file is kept as {path.name + COPY}1."
            ),
        )


def keep_copy(path: Path) -> Path | None:
    """Put what lies where a record is to be written aside, if it is none that this version can read.

    Arguments:
        path: of the record.

    Returns:
        Where it lies now: beside, with a number that is free; None if there was nothing to put aside.

    Raises:
        OSError: the system refused.
    """
    try:
        if read_record(path).status != "unreadable":
            return None
    except FileNotFoundError:
        return None
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    for number in count(1):
        aside = path.with_name(f"{path.name}{COPY}{number}")
        if not os.path.lexists(aside):
            path.rename(aside)
            return aside
    raise AssertionError


def _record(name: str, document: Any) -> RunRecord:
    check_shape(document, STATUSES)
    names = {item.name for item in fields(RunRecord)}
    values = {key: value for key, value in document.items() if key in names}
    # Settings stay as they are, because they are compared with others and run again.
    values = {key: value if key == "protocols" else all_printable(value) for key, value in values.items()}
    failures = {protocol: [Failure(**item) for item in items] for protocol, items in values["failures"].items()}
    conclusions = {protocol: _conclusion(item) for protocol, item in values.get("conclusions", {}).items()}
    return RunRecord(**{**values, "name": name, "failures": failures, "conclusions": conclusions})


def _conclusion(item: Mapping[str, Any]) -> Conclusion:
    estimates = {name: Estimate(**estimate) for name, estimate in item["estimates"].items()}
    return Conclusion(**{**item, "estimates": estimates})
