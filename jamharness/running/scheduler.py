"""One protocol, from its first plan to its last cell."""

import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import replace
from queue import Empty
from typing import TYPE_CHECKING

from jamharness.execution.messages import WorkersLost
from jamharness.running.keys import Keys
from jamharness.running.observer import Observer
from jamharness.running.tracker import CellTracker
from jamharness.running.workers import Event, WorkerPool
from jamharness.store import Claims

if TYPE_CHECKING:
    from jamharness.api import Cell
    from jamharness.execution.job import Job

_LOOK = 0.1
"""Seconds between two looks whether another process has computed what this one waits for."""
_PLANNING = 0.1
"""The largest part of the time that planning may take while cells of an older plan wait."""


class Scheduler:
    """Keep as many workers busy as the plan has cells, and plan again as cells finish.

    Arguments:
        tracker: the protocol and its cells.
        workers: who computes them.
        keys: what to send to a worker.
        observer: who is told.
        save: called after every change of the tracker.
        claims: tell this run and others which of them computes which cell.
    """

    def __init__(
        self,
        tracker: CellTracker,
        workers: WorkerPool,
        keys: Keys,
        observer: Observer,
        save: Callable[[], None],
        claims: Claims,
    ) -> None:
        self._tracker, self._workers, self._keys, self._observer, self._save = tracker, workers, keys, observer, save
        self._claims = claims
        self._awaited: set[str] = set()
        self._running: dict[str, Cell] = {}
        self._waiting: dict[str, Cell] = {}
        self._next_plan = float("-inf")
        self._lost: WorkersLost | None = None

    def work(self) -> None:
        """Return when the plan is empty and nothing runs; whatever stops it before, what has come in is kept.

        Raises:
            KeyboardInterrupt: Ctrl-C.
            BadInput: the store cannot be written any more.
            PluginError: the plan cannot be followed.
            WorkersLost: there is nobody any more who could compute.
        """
        try:
            while True:
                if self._lost is not None:
                    raise self._lost
                self._plan()
                if not self._start():
                    continue
                # Written only now that the workers are busy again: a disk takes its time.
                self._keep()
                name, done = self._tracker.experiment.name, len(self._tracker.entries)
                self._observer.planned(name, len(self._waiting), len(self._running), done)
                if self._running or self._awaited:
                    self._wait()
                    self._drain()
                elif not self._waiting:
                    return
        except BaseException:
            self._drain()
            self._keep()
            raise
        finally:
            self._claims.release_all()

    def _wait(self) -> None:
        """Until a worker says something; while others compute what waits, for a moment only, and then look again."""
        with suppress(Empty):
            self._handle(self._workers.events.get(timeout=_LOOK if self._awaited else None))

    def _plan(self) -> None:
        # A plan of thousands of small cells takes longer than one of them: then several finish before it is made again.
        start = time.monotonic()
        if self._waiting and start < self._next_plan:
            return
        planned = self._tracker.advance()
        self._waiting = {key: cell for key, cell in planned.items() if key not in self._running}
        end = time.monotonic()
        self._next_plan = end + (end - start) / _PLANNING

    def _start(self) -> bool:
        """Begin what there are workers for; False if the plan has to be made again first."""
        begun: dict[str, Job] = {}
        before, self._awaited = self._awaited, set()
        for key, cell in self._waiting.items():
            if len(self._running) >= self._workers.size:
                break
            mine = self._claims.take(key)
            if self._tracker.reuse(key, cell, again=True):
                # Another process has computed it meanwhile; what follows from it may change everything.
                self._claims.release(key)
                self._next_plan = float("-inf")
                break
            if not mine:
                self._awaited.add(key)
                if key not in before:
                    self._observer.said(cell, "another run computes it")
                continue
            job = self._keys.job(cell, self._tracker.needed(cell) or ())
            begun[key] = replace(job, checkpoint=self._tracker.checkpoint(key))
            self._running[key] = cell
        self._workers.begin(begun)
        for key, job in begun.items():
            # The cell's own first words come only after a framework and data are loaded.
            self._observer.said(job.cell, "starting")
            del self._waiting[key]
        return self._next_plan != float("-inf")

    def _drain(self) -> None:
        while True:
            try:
                event = self._workers.events.get_nowait()
            except Empty:
                return
            self._handle(event)

    def _handle(self, event: Event) -> None:
        if event.future is None:
            self._observer.said(event.cell, event.text)
            return
        cell = self._running.pop(event.key)
        try:
            result, seconds = event.future.result()
        except CancelledError:
            return
        except WorkersLost as error:
            self._lost = error
        except Exception as error:  # noqa: BLE001  (whatever a plugin raises is the cell's outcome)
            self._tracker.fail(event.key, cell, error)
        else:
            self._tracker.succeed(event.key, cell, result, seconds)

    def _keep(self) -> None:
        self._tracker.keep()
        for key in self._claims.held():
            if key in self._tracker.entries:
                self._claims.release(key)
        news = self._tracker.news()
        for entry in news:
            self._observer.finished(self._tracker.experiment.name, entry.finished, entry.reused, entry.seconds)
        if news:
            self._save()
