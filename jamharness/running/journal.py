"""The record of a run while it runs."""

import getpass
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from jamharness.api import BadInput, Findings
from jamharness.running.recorded import concluded
from jamharness.running.request import Request
from jamharness.running.tracker import CellTracker
from jamharness.store import RunRecord, Store
from jamharness.store.processes import runs_still, this_process
from jamharness.store.runs import default_name

_PAUSE = 1.0
"""Seconds between two writings: what is not recorded yet lies in the store, and resuming finds it there."""
_PART = 0.02
"""The largest part of the time that writing may take: the record of a million cells has 70 MB."""


class RunJournal:
    """Writes the record of a run as its cells finish.

    Arguments:
        store: where it is written.
        record: what is known at the start.
    """

    def __init__(self, store: Store, record: RunRecord) -> None:
        self._store, self.record = store, record
        self._next = float("-inf")

    def update(self, tracker: CellTracker, seconds: float) -> None:
        """Enter a protocol's cells, and write if the last time was long enough ago.

        Arguments:
            tracker: the protocol and its cells.
            seconds: wall time spent on it.
        """
        start = time.monotonic()
        if start >= self._next:
            self.enter(tracker, seconds)
            self.write()
            self._next = time.monotonic() + max(_PAUSE, (time.monotonic() - start) / _PART)

    def enter(self, tracker: CellTracker, seconds: float) -> None:
        """Enter a protocol's cells without writing."""
        name, record = tracker.experiment.name, self.record
        self.record = replace(
            record,
            cells={**record.cells, name: tracker.stored()},
            failures={**record.failures, name: tracker.failures()},
            reused={**record.reused, name: tracker.reused},
            spent={**record.spent, name: seconds},
        )

    def conclude(self, findings: Mapping[str, Findings], figures: Sequence[str] = ()) -> None:
        """Enter what is about to be printed, without writing.

        Arguments:
            findings: by protocol.
            figures: the files that were drawn.
        """
        by_protocol = {name: concluded(item) for name, item in findings.items()}
        drawn = {Path(file).name: hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in figures}
        conclusions = {name: item for name, item in by_protocol.items() if item}
        self.record = replace(self.record, conclusions=conclusions, figures=drawn)

    def write(self, status: str | None = None, problem: str = "") -> None:
        """Write the record now.

        Arguments:
            status: the new status, if it changes.
            problem: what stopped the run.

        Raises:
            BadInput: the store cannot be written.
        """
        if status is not None:
            self.record = replace(self.record, status=status, problem=problem)
        self._store.write_run(self.record)


def first_record(request: Request, resumed: RunRecord | None, claim: str = "") -> RunRecord:
    """The record with which a run starts.

    Arguments:
        request: what is asked for.
        resumed: the record of the run that goes on; None for one that starts, be it again.
        claim: the digest of the claim that it tests; empty for none.

    Raises:
        BadInput: a run of the same name was asked for something else.
    """
    record = RunRecord(
        name="",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        protocols={experiment.name: experiment.plain() for experiment in request.experiments},
        preset=request.preset,
        seed=request.seed,
        backend=request.target.backend.name,
        device=request.target.device,
        dtype=request.target.dtype,
        threads=request.target.threads,
        claim={"digest": claim} if claim else {},
        version=version("jamharness"),
        process={"user": _user(), **this_process()},
    )
    record = replace(record, name=request.name or default_name(record))
    earlier = resumed or request.store.find_run(record.name)
    if earlier is None or earlier.status == "unreadable":
        return record
    if resumed is None and earlier.requested() != record.requested():
        raise BadInput(
            f"Run {record.name!r} exists with other settings; choose another name, "
            f"or go on with it as it is by 'jamharness resume {record.name}'."
        )
    # The environment of the earlier run tells of the backend if nothing is left to compute; time adds up when resuming.
    return replace(
        record,
        created=earlier.created,
        environment=earlier.environment,
        spent=earlier.spent if resumed else {},
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run under a number that has no name
        return ""


def seen(record: RunRecord) -> RunRecord:
    """The record as it should be shown: a run whose process is gone was interrupted, whatever it wrote last."""
    if record.status != "running" or runs_still(record.process) is not False:
        return record
    return replace(record, status="interrupted", problem="its process is gone")
