"""The workers of a run: started when first needed, asked about themselves, given cells, and sent away."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any

from jamharness.api import BadInput, Cell, CellResult, JamharnessError, Json
from jamharness.execution.facts import Facts, Question, look_up
from jamharness.execution.job import Job, Target, describe, timed
from jamharness.execution.messages import WorkersLost
from jamharness.execution.pool import LocalPool, WorkerDied
from jamharness.execution.preparation import prepare
from jamharness.running.data import Loading
from jamharness.running.request import Request

if TYPE_CHECKING:
    from concurrent.futures import Future

    from jamharness.execution.cluster import ClusterPool


@dataclass(frozen=True, kw_only=True, eq=False)
class Event:
    """Something that a worker did.

    Arguments:
        cell: the cell that it computes.
        key: its key, once it is finished.
        future: then holds the result and the seconds it took, or the error.
        text: before that, a line of progress.
    """

    cell: Cell
    key: str = ""
    text: str = ""
    future: "Future[tuple[CellResult, float]] | None" = None


def environment_of(target: Target) -> dict[str, str]:
    """The variables that a worker of a backend gets besides this process's; what the user has set stays."""
    return {key: text for key, text in target.backend.environment.items() if key not in os.environ}


def loading_of(request: Request) -> Loading:
    """How the data of a run are loaded: as its workers do."""
    return Loading(
        interpreter=request.interpreter,
        environment=environment_of(request.target),
        threads=request.target.threads,
        limit=request.limit,
        memory=request.memory,
    )


class WorkerPool:
    """The workers of one run; what they do arrives in ``events``, for one thread to read.

    Arguments:
        request: says how many, where, and with which interpreter.
        modules: those of the tasks, imported before the first cell.

    Raises:
        BadInput: the scheduler that was named does not answer.
    """

    def __init__(self, request: Request, modules: tuple[str, ...] = ()) -> None:
        self.events: SimpleQueue[Event] = SimpleQueue()
        self._facts: dict[Question, Facts] = {}
        self._target, self._interpreter = request.target, request.interpreter
        # A framework may take longer to import than a cell to compute.
        ready = (prepare, (request.target, modules))
        self._cluster = None if request.scheduler is None else _cluster(request, ready)
        self._pool: LocalPool | ClusterPool = self._cluster or LocalPool(
            request.workers or 1,
            interpreter=request.interpreter,
            environment=environment_of(self._target),
            threads=request.target.threads,
            limit=request.limit,
            memory=request.memory,
            prepare=ready,
            said=self._put_text,
        )

    @property
    def size(self) -> int:
        """How many cells may be begun and not yet finished; on a cluster it changes with the workers."""
        return self._pool.size

    def __enter__(self) -> "WorkerPool":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # After an error or Ctrl-C nobody waits for what still runs.
        if error is None:
            self._pool.shutdown()
        else:
            self._pool.kill()

    def look_up(self, question: Question) -> Facts:
        """Versions and hashes, as the interpreter finds them in which cells are computed; each asked once a run.

        Raises:
            BadInput: that interpreter cannot run jamharness.
        """
        if question not in self._facts:
            self._facts[question] = self._ask(question)
            if self._cluster is not None:
                self._cluster.expect(question, self._facts[question])
        return self._facts[question]

    def _ask(self, question: Question) -> Facts:
        if self._interpreter == sys.executable:
            return look_up(question)
        try:
            # Its workers would prepare themselves first, and a framework that cannot be imported is another matter.
            with LocalPool(1, interpreter=self._interpreter) as pool:
                return pool.submit(look_up, question).result()
        except JamharnessError as error:
            raise BadInput(
                f"Interpreter {self._interpreter!r} cannot run jamharness ({error}); install jamharness in it."
            ) from None

    def describe(self) -> Mapping[str, Json]:
        """What the backend says of itself; finds out whether it can compute here at all.

        Raises:
            BadInput: it cannot.
        """
        try:
            return self._pool.submit(describe, self._target).result()
        except BadInput:
            raise
        except WorkersLost as error:
            raise BadInput(str(error)) from None
        except WorkerDied as error:
            raise BadInput(f"Backend {self._target.backend.name!r} cannot start: {error}") from None
        except Exception as error:
            reason = str(error) if isinstance(error, JamharnessError) else f"{type(error).__name__}: {error}"
            name = self._target.backend.name
            raise BadInput(f"Backend {name!r} cannot start ({reason}); see 'jamharness doctor'.") from error

    def begin(self, jobs: Mapping[str, Job]) -> None:
        """Have cells computed, by key."""
        if self._cluster is None:
            futures = [self._pool.submit(timed, job) for job in jobs.values()]
        else:
            futures = self._cluster.submit_all(timed, list(jobs.values()))
        for (key, job), future in zip(jobs.items(), futures, strict=True):
            future.add_done_callback(partial(self._put_result, key, job.cell))

    def _put_result(self, key: str, cell: Cell, future: "Future[tuple[CellResult, float]]") -> None:
        self.events.put(Event(key=key, cell=cell, future=future))

    def _put_text(self, args: tuple[Any, ...], text: str) -> None:
        if args and isinstance(args[0], Job):
            self.events.put(Event(cell=args[0].cell, text=text))


def _cluster(request: Request, ready: tuple[Callable[..., Any], tuple[Any, ...]]) -> "ClusterPool":
    """The workers of the scheduler that was named; what takes the place of this is imported nowhere else."""
    from jamharness.execution.cluster import ClusterPool
    from jamharness.execution.serving import Crew

    target = request.target
    on_gpu = target.device.startswith("cuda")
    resources: dict[str, float] = {"gpu": 1.0} if on_gpu else {"cpu": float(target.threads)}
    if request.memory is not None:
        resources["memory"] = request.memory
    crew = Crew(
        interpreter="" if request.interpreter == sys.executable else request.interpreter,
        environment=target.backend.environment,
        threads=target.threads,
        limit=request.limit,
        memory=request.memory,
        prepare=ready,
    )
    assert request.scheduler is not None
    try:
        return ClusterPool(
            request.scheduler, crew, resources, needed=frozenset({"gpu"} if on_gpu else ()), most=request.workers
        )
    except WorkersLost as error:
        raise BadInput(str(error)) from None
