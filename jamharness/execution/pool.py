"""Local workers behind ``concurrent.futures.Executor``.

The standard library's pools do not serve: one dead worker breaks all of ``ProcessPoolExecutor``, and the spawn method
runs the user's main module again and copies this process's paths into a worker that may have another interpreter.
"""

import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from jamharness.execution.messages import RemoteError, WorkerDied, out_of_memory, task_of
from jamharness.execution.process import Ended, WorkerProcess

__all__ = ["LocalPool", "RemoteError", "WorkerDied"]

P = ParamSpec("P")
T = TypeVar("T")
_STARTING = 600.0
"""Seconds that a new worker may take to prepare itself: frameworks are slow to import from a cold disk."""
_GREETING = 30.0
"""Seconds that a new worker may take to say that it has started, before it imports any framework."""
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True, eq=False)
class _Task:
    future: "Future[Any]"
    content: bytes
    args: tuple[Any, ...]


class LocalPool(Executor):
    """As many worker processes as are useful, each over many tasks, each owned by one thread.

    An error in a task comes back as an error. A worker that dies, passes a limit or has no memory left is replaced and
    its task tried once more; then the future holds ``WorkerDied``. A worker ends when this process does, however that
    ends.

    Arguments:
        workers: the most worker processes at a time; each starts with the first task for which none is free.
        interpreter: the Python that runs them; jamharness must be installed there.
        environment: variables that differ from this process's.
        threads: CPU threads of each worker's linear algebra.
        limit: seconds that a task may take before its worker is ended.
        memory: GiB of resident memory that a worker may use before it is ended.
        prepare: a function and its arguments, called in each new worker before its first task (to import a framework,
            say); its time does not count against the limit. An error in it is the error of the task that waits.
        retry: whether a task whose worker was lost is tried once more.
        patience: seconds that a new worker may take to say that it has started.
        said: called, in a thread of the pool, with a task's arguments and each line of progress.
    """

    def __init__(
        self,
        workers: int,
        *,
        interpreter: str = sys.executable,
        environment: Mapping[str, str] | None = None,
        threads: int = 1,
        limit: float | None = None,
        memory: float | None = None,
        prepare: tuple[Callable[..., Any], tuple[Any, ...]] | None = None,
        retry: bool = True,
        patience: float = _GREETING,
        said: Callable[[tuple[Any, ...], str], None] | None = None,
    ) -> None:
        self._most, self._interpreter, self._limit, self._memory = workers, interpreter, limit, memory
        self._attempts = (False, True) if retry else (True,)
        self._patience = patience
        self._prepare = None if prepare is None else task_of(prepare[0], prepare[1], {})
        self._environment = {**dict.fromkeys(_THREADS, str(threads)), **(environment or {})}
        self._said = said or (lambda _args, _text: None)
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._free = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._processes: set[WorkerProcess] = set()
        self._closed = self._killed = False

    @property
    def size(self) -> int:
        """How many tasks may be in flight."""
        return self._most

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """Have ``fn(*args, **kwargs)`` computed in a worker.

        Arguments:
            fn: a function that the worker can import by its name.
            *args: what can be pickled.
            **kwargs: likewise.

        Returns:
            A future; a task that cannot be pickled is an error in it.

        Raises:
            RuntimeError: the pool was shut down.
        """
        future: Future[T] = Future()
        try:
            content = task_of(fn, args, kwargs)
        except Exception as error:  # noqa: BLE001  (pickling calls code of any class)
            future.set_exception(error)
            return future
        with self._lock:
            if self._closed:
                raise RuntimeError("the pool was shut down")
            self._tasks.put(_Task(future, content, args))
            if not self._free.acquire(blocking=False) and len(self._threads) < self._most:
                # A daemon: a forgotten pool must not keep the program alive, and workers end with it anyway.
                thread = threading.Thread(target=self._serve, name="jamharness-worker", daemon=True)
                self._threads.append(thread)
                thread.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more tasks, and end the workers when they have done theirs.

        Arguments:
            wait: return only when all have ended.
            cancel_futures: cancel the tasks that no worker has begun.
        """
        with self._lock:
            self._closed = True
            if cancel_futures:
                self._cancel()
            self._tasks.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # After an error or Ctrl-C nobody waits for what still runs, or for a worker that never starts.
        if error is None:
            self.shutdown()
        else:
            self.kill()

    def kill(self) -> None:
        """End the workers now, whatever they compute, and cancel all other tasks; return when they have ended."""
        with self._lock:
            self._closed = self._killed = True
            self._cancel()
            for process in self._processes:
                process.kill()
        self.shutdown()

    def _cancel(self) -> None:
        while True:
            try:
                task = self._tasks.get_nowait()
            except Empty:
                return
            if task is not None:
                task.future.cancel()

    def _serve(self) -> None:
        process: WorkerProcess | None = None
        try:
            while (task := self._next()) is not None:
                if task.future.set_running_or_notify_cancel():
                    process = self._carry_out(task, process)
                del task  # its result may be large, and the next task long in coming
        finally:
            self._tasks.put(None)  # for the next thread
            self._drop(process)

    def _next(self) -> _Task | None:
        try:
            return self._tasks.get_nowait()
        except Empty:
            self._free.release()
            return self._tasks.get()

    def _carry_out(self, task: _Task, process: WorkerProcess | None) -> WorkerProcess | None:
        """Settle the task's future; returns the worker for the next task."""
        for last in self._attempts:
            try:
                if process is None or not process.alive:
                    self._drop(process)
                    process = None
                    process = self._start()
                progress = partial(self._said, task.args)
                result = process.call(task.content, progress, self._limit, self._memory)
            except Ended as end:
                self._drop(process)
                process = None
                if last or self._killed:
                    task.future.set_exception(_worker_died(end.how, end.remedy, again=last and len(self._attempts) > 1))
                    break
            except BaseException as error:  # noqa: BLE001  (whatever it is, somebody waits for the future)
                if out_of_memory(error):
                    # What it has taken so far may not come back before it ends.
                    self._drop(process)
                    process = None
                    if not last:
                        continue
                    how = f"ran out of memory ({' '.join(str(error).split())[:200] or type(error).__name__})"
                    error = _worker_died(
                        how, "use fewer workers, or make the problem smaller", again=len(self._attempts) > 1
                    )
                task.future.set_exception(error)
                break
            else:
                task.future.set_result(result)
                break
        return process

    def _start(self) -> WorkerProcess:
        try:
            process = WorkerProcess(self._interpreter, self._environment)
        except OSError as error:
            raise WorkerDied(f"Interpreter {self._interpreter!r} cannot be started ({error.strerror}).") from None
        with self._lock:
            self._processes.add(process)
            if self._killed:
                process.kill()
        try:
            if not process.greet(self._patience):
                raise WorkerDied(
                    f"Interpreter {self._interpreter!r} starts no worker: it said nothing for {self._patience:g} s; "
                    "name a Python with jamharness installed."
                )
            if self._prepare is not None:
                process.call(self._prepare, lambda _text: None, _STARTING)
        except BaseException:
            self._drop(process)
            raise
        return process

    def _drop(self, process: WorkerProcess | None) -> None:
        if process is not None:
            with self._lock:
                self._processes.discard(process)
            process.close()


def _worker_died(how: str, remedy: str, *, again: bool) -> WorkerDied:
    advice = f"; {remedy}" if remedy else ""
    return WorkerDied(f"The worker {how}{', twice in a row' if again else ''}{advice}.")
