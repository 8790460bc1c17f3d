"""Dask's workers behind ``concurrent.futures.Executor``; importing this imports ``distributed``."""

import logging
import pickle
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from distributed import Client

from jamharness.execution.facts import Facts, Question
from jamharness.execution.messages import PROTOCOL, WorkerDied, WorkersLost, task_of
from jamharness.execution.pace import Pace
from jamharness.execution.serving import Assignment, Crew, Reply, dismiss, serve, stamp

log = logging.getLogger("jamharness")
P = ParamSpec("P")
T = TypeVar("T")
PATIENCE = 10.0
"""Seconds that a scheduler may take to answer."""
_AHEAD = 2
"""Tasks in flight for each thread of the workers, so that none waits for the next."""
_FEWEST = 16
"""Tasks in flight where there are few workers: results are fetched several at once, and more workers may come."""
_BATCH = 32
"""Results that are fetched at once."""
_COUNT, _PART = 2.0, 0.01
"""Seconds between two counts of the workers, and the largest part of the time that counting may take."""


@dataclass(frozen=True, eq=False)
class _Task:
    """What its submitter waits for, and the task as bytes, to be sent again if its worker turns out to be unfit."""

    future: "Future[Any]"
    content: bytes


@dataclass(eq=False)
class _Flight:
    """Tasks that were sent together.

    Arguments:
        tasks: one, or several that are short.
        remote: where Dask has them.
    """

    tasks: "list[_Task]"
    remote: Any = None

    def settle(self, error: BaseException) -> None:
        """None of them has a result."""
        for task in self.tasks:
            if not task.future.done():
                task.future.set_exception(error)


class ClusterPool(Executor):
    """The workers of a Dask scheduler, whatever their number, and however it changes.

    A task goes to any worker that has the resources. An error in it comes back as an error; one whose worker is gone is
    computed by another, and after three of them its future holds ``WorkerDied``.

    Arguments:
        address: of the scheduler, such as ``"tcp://node1:8786"``.
        crew: the processes that compute on each worker.
        resources: what a task needs of each resource; those that no worker declares are not asked for, unless they are
            in ``needed``.
        needed: resources without which no task can be computed.
        most: tasks in flight; None for twice the threads of all workers.

    Raises:
        WorkersLost: the scheduler does not answer.
    """

    def __init__(
        self,
        address: str,
        crew: Crew,
        resources: dict[str, float],
        needed: frozenset[str] = frozenset(),
        most: int | None = None,
    ) -> None:
        _quiet()
        self._address, self._crew, self._most = address, pickle.dumps(crew, PROTOCOL), most
        self._run = secrets.token_hex(8)
        self._known: dict[Question, tuple[str, Facts]] = {}
        self._unfit: dict[str, str] = {}
        self._flights: dict[str, _Flight] = {}
        self._landed: SimpleQueue[str | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._closed, self._number = False, 0
        self._pace = Pace()
        self._slots, self._count_next = 0, float("-inf")
        try:
            make: Any = Client  # its methods have no types
            self._client = make(address, timeout=PATIENCE, set_as_default=False, name="jamharness")
        except (OSError, TimeoutError, ValueError) as error:
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise WorkersLost(f"Scheduler {address!r} does not answer ({reason}).") from None
        self._resources = self._asked_for(resources, needed)
        self._collector = threading.Thread(target=self._collect, name="jamharness-cluster", daemon=True)
        self._collector.start()

    def _asked_for(self, resources: dict[str, float], needed: frozenset[str]) -> dict[str, float]:
        """Of the resources that a task uses, those that anybody here counts; says so where nobody has enough."""
        workers = self._workers()
        declared = {name for has in workers.values() for name in has}
        demand = {name: amount for name, amount in resources.items() if name in declared or name in needed}
        if not any(_has(has, demand) for has in workers.values()):
            text = ", ".join(f"{name}={amount:g}" for name, amount in demand.items())
            without = f", none of which has {text}" if text and workers else ""
            log.warning("Scheduler %r has %d workers%s; waiting for one.", self._address, len(workers), without)
        return demand

    def _workers(self) -> dict[str, dict[str, float]]:
        """The resources of each worker, by address."""
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        return {address: worker["resources"] for address, worker in workers.items()}

    @property
    def size(self) -> int:
        """How many tasks may be in flight now."""
        now = time.monotonic()
        if now >= self._count_next:
            with suppress(Exception):  # a scheduler that is gone is noticed by the tasks
                self._slots = sum(self._client.nthreads().values())
            spent = time.monotonic() - now
            self._count_next = now + max(_COUNT, spent / _PART)
        most = max(_FEWEST, _AHEAD * self._slots) * self._pace.together
        return most if self._most is None else min(most, self._most)

    @property
    def _together(self) -> int:
        """How many tasks travel together; where few are to be in flight they are spread over the workers."""
        return self._pace.together if self._most is None else 1

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """Have ``fn(*args, **kwargs)`` computed by a worker.

        Arguments:
            fn: a function that the worker can import by its name.
            *args: what can be pickled.
            **kwargs: likewise.

        Returns:
            A future; a task that cannot be pickled is an error in it.

        Raises:
            RuntimeError: the pool was shut down.
        """
        return self._begin([(fn, args, kwargs)])[0]

    def submit_all(self, fn: Callable[..., T], arguments: Sequence[object]) -> "list[Future[T]]":
        """Have ``fn`` of each argument computed; where tasks have been short, some are given to a worker together.

        Arguments:
            fn: a function that the worker can import by its name.
            arguments: what can be pickled.

        Returns:
            A future for each; a task that cannot be pickled is an error in it.

        Raises:
            RuntimeError: the pool was shut down.
        """
        return self._begin([(fn, (argument,), {}) for argument in arguments])

    def _begin(self, calls: "Sequence[tuple[Callable[..., T], tuple[Any, ...], dict[str, Any]]]") -> "list[Future[T]]":
        futures: list[Future[T]] = [Future() for _ in calls]
        tasks = []
        for future, (fn, args, kwargs) in zip(futures, calls, strict=True):
            try:
                tasks.append(_Task(future, task_of(fn, args, kwargs)))
            except Exception as error:  # noqa: BLE001  (pickling calls code of any class)
                future.set_exception(error)
        if tasks and self._closed:
            raise RuntimeError("the pool was shut down")
        for task in tasks:
            task.future.set_running_or_notify_cancel()
        size = self._together
        for at in range(0, len(tasks), size):
            self._send(tasks[at : at + size])
        return futures

    def expect(self, question: Question, facts: Facts) -> None:
        """Have every worker compare itself with this interpreter before it computes anything.

        Arguments:
            question: what the keys of cells rest on.
            facts: what the answer is here; a worker where it is another gets no more tasks.
        """
        self._known[question] = stamp(facts), facts

    def _send(self, tasks: list[_Task]) -> None:
        flight = _Flight(tasks)
        stamps = tuple((question, digest) for question, (digest, _) in self._known.items())
        contents = tuple(task.content for task in tasks)
        content = Assignment(run=self._run, crew=self._crew, known=stamps, tasks=contents)
        with self._lock:
            self._number += 1
            key = f"jamharness-{self._run}-{self._number}"
            self._flights[key] = flight
        try:
            flight.remote = self._client.submit(
                serve, pickle.dumps(content, PROTOCOL), key=key, pure=False, resources=self._resources,
                workers=self._fit(), retries=0,
            )  # fmt: skip
            flight.remote.add_done_callback(lambda _: self._landed.put(key))
        except WorkersLost as error:
            self._settle(key, error)
        except Exception as error:  # noqa: BLE001  (whatever a client that has lost its scheduler raises)
            self._settle(key, self._scheduler_lost(f"{type(error).__name__}: {error}"))

    def _fit(self) -> list[str] | None:
        """The addresses of the workers that may compute; None for all."""
        if not self._unfit:
            return None
        workers = self._workers().items()
        fit = [address for address, has in workers if address not in self._unfit and _has(has, self._resources)]
        if not fit:
            raise WorkersLost(
                f"No worker of {self._address!r} may compute for this run: w{next(iter(self._unfit.values()))}"
            )
        return fit

    def _settle(self, key: str, error: BaseException) -> None:
        if (flight := self._landing(key)) is not None:
            flight.settle(error)

    def _landing(self, key: str) -> "_Flight | None":
        """What was sent under a key, which nobody waits for any more."""
        with self._lock:
            return self._flights.pop(key, None)

    def _scheduler_lost(self, reason: str = "") -> WorkersLost:
        more = f" ({' '.join(reason.split())[:200]})" if reason else ""
        return WorkersLost(
            f"Scheduler {self._address!r} is gone{more}; what is done is kept. "
            "Start a scheduler and workers again, and go on by 'jamharness resume'."
        )

    def _collect(self) -> None:
        """Fetch what has come in, several at once: each fetch is a conversation with the scheduler."""
        while (key := self._landed.get()) is not None:
            keys = [key]
            with suppress(Empty):
                while len(keys) < _BATCH:
                    more = self._landed.get_nowait()
                    if more is None:
                        return
                    keys.append(more)
            self._fetch(keys)

    def _fetch(self, keys: list[str]) -> None:
        with self._lock:
            flights = {key: flight for key in keys if (flight := self._flights.get(key)) is not None}
        ready = {
            key: flight.remote
            for key, flight in flights.items()
            if flight.remote is not None and flight.remote.status == "finished"
        }
        results: dict[str, Reply] = {}
        with suppress(Exception):  # whatever was lost meanwhile is looked at one by one
            results = dict(zip(ready, self._client.gather(list(ready.values())), strict=True))
        for key, flight in flights.items():
            if key in results:
                flight.remote = None  # the scheduler forgets what nobody holds
                self._take(key, results[key])
            else:
                self._explain(key, flight)

    def _take(self, key: str, reply: Reply) -> None:
        if (flight := self._landing(key)) is None:
            return
        if reply.unfit:
            self._refuse(*pickle.loads(reply.unfit))  # noqa: S301  (who may use the scheduler may run anything)
            self._send(flight.tasks)
            return
        self._pace.took(reply.seconds, len(flight.tasks))
        for task, (done, content) in zip(flight.tasks, reply.results, strict=True):
            try:
                outcome = pickle.loads(content)  # noqa: S301  (likewise)
            except Exception as error:  # noqa: BLE001  (unpickling calls code of any class)
                done, outcome = False, error
            if task.future.done():
                continue
            if done:
                task.future.set_result(outcome)
            else:
                task.future.set_exception(outcome)

    def _refuse(self, address: str, question: Question, facts: Facts) -> None:
        """Give no more tasks to a worker that has sent other facts."""
        expected = self._known[question][1]
        differing = [
            f"{name} {theirs.get(name, '')[:12] or 'absent'} (here: {ours.get(name, '')[:12] or 'absent'})"
            for ours, theirs in ((expected.versions, facts.versions), (expected.sources, facts.sources))
            for name in sorted({*ours, *theirs})
            if ours.get(name) != theirs.get(name)
        ]
        if address not in self._unfit:
            self._unfit[address] = f"orker {address} has {', '.join(differing)}."
            log.warning("W%s It gets no cells of this run.", self._unfit[address])

    def _explain(self, key: str, flight: _Flight) -> None:
        """Settle a task of which there is no result."""
        status = "" if flight.remote is None else flight.remote.status
        if status == "error" and flight.remote is not None:
            error: Any = None
            with suppress(Exception):
                error = flight.remote.exception(timeout=PATIENCE)
            if type(error).__name__ == "KilledWorker" and len(flight.tasks) > 1:
                # Which of them it was shows when each is sent alone.
                for task in flight.tasks if self._landing(key) else []:
                    self._send([task])
            elif type(error).__name__ == "KilledWorker":
                self._settle(
                    key,
                    WorkerDied(
                        "The Dask workers that computed it were lost, several in a row; their output says why, "
                        "such as a jamharness that is not installed there."
                    ),
                )
            else:
                # It would take cell after cell and fail each within milliseconds: better end than that.
                text = " ".join(f"{type(error).__name__}: {error}".split())[:200]
                self._settle(
                    key,
                    WorkersLost(
                        f"A worker of {self._address!r} cannot run jamharness ({text}); install the same there, "
                        "or end that worker, and go on by 'jamharness resume'."
                    ),
                )
        elif status == "cancelled":  # nobody here cancels a single one
            self._settle(key, self._scheduler_lost())
        elif status == "finished":
            time.sleep(0.05)
            self._landed.put(key)  # another of the same batch could not be fetched
        else:  # its worker is gone, and the result with it
            if self._landing(key) is not None:
                self._send(flight.tasks)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more tasks, have the workers end the processes of this pool, and leave the scheduler.

        Arguments:
            wait: for the tasks that were sent.
            cancel_futures: cancel them instead.
        """
        if self._closed:
            return
        self._closed = True
        with self._lock:
            flights = dict(self._flights)
        if wait and not cancel_futures:
            for task in [task for flight in flights.values() for task in flight.tasks]:
                with suppress(BaseException):
                    task.future.exception()
        with suppress(Exception):
            self._client.cancel([flight.remote for flight in flights.values() if flight.remote], force=True)
        with suppress(Exception):
            self._client.run(dismiss, self._run, on_error="ignore")
        for key, flight in flights.items():
            self._landing(key)
            flight.settle(self._scheduler_lost())
        self._landed.put(None)
        with suppress(Exception):
            self._client.close(timeout=PATIENCE)

    def kill(self) -> None:
        """End what the workers compute for this pool, and leave; nobody waits for it."""
        self.shutdown(wait=False, cancel_futures=True)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is None:
            self.shutdown()
        else:
            self.kill()


def _has(resources: dict[str, float], demand: dict[str, float]) -> bool:
    return all(resources.get(name, 0.0) >= amount for name, amount in demand.items())


def _quiet() -> None:
    """What goes wrong is said by whoever waits, in one sentence."""
    for name in ("distributed", "distributed.client", "distributed.comm", "distributed.core", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
