"""What a Dask worker does with a task of a run: a process of its own computes it, as a local worker does.

So a cell finds the same environment as on one machine: one framework in a process that nothing else uses, the threads
that were asked for, set before Python starts, and limits that end that process and no Dask worker. The processes of a
run are kept for its next cells.
"""

import pickle
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from jamharness.api import Json, digest
from jamharness.execution.facts import Facts, Question, look_up
from jamharness.execution.messages import PROTOCOL
from jamharness.execution.pool import LocalPool

_MOST = 2
"""Runs whose processes a Dask worker keeps: each holds a framework in memory."""
_IDLE = 120.0
"""Seconds without a task after which the processes of a run are ended: its submitter may be gone."""
_LOOK = 0.5
"""Seconds between two looks whether anybody still waits for a task."""


@dataclass(frozen=True, kw_only=True)
class Crew:
    """The processes that compute the cells of one run on a Dask worker.

    Arguments:
        interpreter: the Python that runs them; empty for that of the Dask worker.
        environment: variables that are set there unless the Dask worker has them.
        threads, limit, memory, prepare: as ``LocalPool`` takes them.
    """

    interpreter: str
    environment: Mapping[str, str]
    threads: int
    limit: float | None
    memory: float | None
    prepare: tuple[Callable[..., Any], tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Tasks on their way to a Dask worker.

    Arguments:
        run: an identifier of the run that no other has.
        crew: who computes it; a pickled ``Crew``.
        known: by question, the ``stamp`` of the facts on which the run's keys rest.
        tasks: of each the pickled function, arguments and keywords.
    """

    run: str
    crew: bytes
    known: tuple[tuple[Question, str], ...]
    tasks: tuple[bytes, ...]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What became of an assignment.

    Arguments:
        results: of each task whether it was done, and the pickled result or error; none where the worker is unfit.
        seconds: that all of them took.
        unfit: the pickled address, question and facts of a worker that has other versions or sources than those on
            which the run's keys rest.
    """

    results: tuple[tuple[bool, bytes], ...] = ()
    seconds: float = 0.0
    unfit: bytes = b""


class _RunProcesses:
    """The processes of one run, and what was found out for it.

    Arguments:
        crew: what they are.
        most: how many there may be.
    """

    def __init__(self, crew: Crew, most: int) -> None:
        import os

        self.interpreter = crew.interpreter or sys.executable
        self.busy, self.since = 0, time.monotonic()
        self.stamps: dict[Question, tuple[str, Facts]] = {}
        self.pool = LocalPool(
            most,
            interpreter=self.interpreter,
            environment={key: text for key, text in crew.environment.items() if key not in os.environ},
            threads=crew.threads,
            limit=crew.limit,
            memory=crew.memory,
            prepare=crew.prepare,
        )

    def facts(self, question: Question) -> Facts:
        """What the interpreter has, asked once a run: what is edited afterwards belongs to later runs."""
        if question not in self.stamps:
            facts = self._ask(question)
            self.stamps[question] = stamp(facts), facts
        return self.stamps[question][1]

    def _ask(self, question: Question) -> Facts:
        if self.interpreter == sys.executable:
            return look_up(question)
        with LocalPool(1, interpreter=self.interpreter) as pool:
            return pool.submit(look_up, question).result()


_processes: dict[str, _RunProcesses] = {}
"""By run, the one used last at the end."""
_lock = threading.Lock()


def stamp(facts: Facts) -> str:
    """One text for equal versions and equal sources."""
    versions: dict[str, Json] = dict(facts.versions)
    return digest({"versions": versions, "sources": dict(facts.sources)})


def serve(assignment: bytes) -> Reply:
    """Carry out tasks, in a thread of a Dask worker.

    Arguments:
        assignment: a pickled ``Assignment``; bytes, so that Dask looks for nothing in it.
    """
    content: Assignment = pickle.loads(assignment)  # noqa: S301  (who may use the scheduler may run anything)
    processes = _take(content)
    start = time.perf_counter()
    futures: list[Future[Any]] = []
    try:
        for question, expected in content.known:
            facts = processes.facts(question)
            if processes.stamps[question][0] != expected:
                return Reply(unfit=pickle.dumps((_address(), question, facts), PROTOCOL))
        for task in content.tasks:
            function, args, kwargs = pickle.loads(task)  # noqa: S301  (likewise)
            futures.append(processes.pool.submit(function, *args, **kwargs))
        waits = _waits()
        while wait(futures, _LOOK).not_done:
            if not waits():
                dismiss(content.run)
                break
        results = tuple(_result(future) for future in futures)
    except Exception as error:  # noqa: BLE001  (whatever happened is the tasks' result)
        results = ((False, pickle.dumps(error, PROTOCOL)),) * len(content.tasks)
    finally:
        with _lock:
            processes.busy, processes.since = processes.busy - 1, time.monotonic()
    return Reply(results=results, seconds=time.perf_counter() - start)


def _result(future: "Future[Any]") -> tuple[bool, bytes]:
    try:
        return True, pickle.dumps(future.result(), PROTOCOL)
    except Exception as error:  # noqa: BLE001  (whatever happened is the task's result)
        return False, pickle.dumps(error, PROTOCOL)


def dismiss(run: str) -> None:
    """End the processes of a run, whatever they compute; returns at once."""
    with _lock:
        processes = _processes.pop(run, None)
    if processes is not None:
        _end(processes)


def _take(assignment: Assignment) -> _RunProcesses:
    """The processes of a run; those of the run that was longest without work go if there are too many."""
    from distributed import get_worker

    with _lock:
        processes = _processes.pop(assignment.run, None)
        if processes is None:
            crew: Crew = pickle.loads(assignment.crew)  # noqa: S301  (likewise)
            processes = _RunProcesses(crew, get_worker().state.nthreads)
            idle = [run for run, other in _processes.items() if not other.busy]
            for run in idle[: max(0, len(_processes) + 1 - _MOST)]:
                _end(_processes.pop(run))
            if not _processes:
                threading.Thread(target=_watch, name="jamharness-idle", daemon=True).start()
        processes.busy += 1
        _processes[assignment.run] = processes
    return processes


def _end(processes: _RunProcesses) -> None:
    """End processes in a thread: what asks for it may be what Dask's conversations wait for."""
    threading.Thread(target=processes.pool.kill, name="jamharness-end", daemon=True).start()


def _watch() -> None:
    """End what nobody has used for long, until nothing is kept."""
    while True:
        time.sleep(_IDLE / 10)
        with _lock:
            now = time.monotonic()
            for run, processes in list(_processes.items()):
                if not processes.busy and now - processes.since > _IDLE:
                    _end(_processes.pop(run))
            if not _processes:
                return


def _address() -> str:
    from distributed import get_worker

    return str(get_worker().address)


def _waits() -> Callable[[], bool]:
    """Whether anybody still waits for the task of this thread: its submitter may be gone, or have been interrupted."""
    from distributed import get_worker

    with suppress(ValueError):
        worker = get_worker()
        key = worker.get_current_task()
        tasks = worker.state.tasks
        return lambda: (task := tasks.get(key)) is not None and task.state not in ("cancelled", "resumed")
    return lambda: True
