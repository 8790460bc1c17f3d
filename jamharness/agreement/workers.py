"""The backends side by side: one worker each, and what they compute at the same points."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Concatenate, ParamSpec, TypeVar

from jamharness.api import JamharnessError
from jamharness.execution.job import Target, describe
from jamharness.execution.pool import LocalPool
from jamharness.running.request import Request
from jamharness.running.workers import environment_of

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, eq=False)
class BackendWorker:
    """One backend with its worker.

    Arguments:
        place: where it computes.
        pool: one worker.
    """

    target: Target
    pool: LocalPool

    def submit(self, function: Callable[Concatenate[Target, P], T], *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """Have a function of the place computed in the worker."""
        return self.pool.submit(function, self.target, *args, **kwargs)


@contextmanager
def backend_workers(requests: Mapping[str, Request], failures: dict[str, str]) -> Iterator[dict[str, BackendWorker]]:
    """Start a worker for each backend, all at once; one that cannot start is a failure with its reason.

    Arguments:
        requests: what each backend was asked for.
        failures: where reasons go.
    """
    with ExitStack() as stack:
        replies = {}
        for name, request in requests.items():
            target = request.target
            pool = LocalPool(
                1,
                interpreter=request.interpreter,
                environment=environment_of(target),
                threads=target.threads,
            )
            stack.callback(pool.kill)
            worker = BackendWorker(target=target, pool=pool)
            replies[name] = worker, worker.submit(describe)
        ready = {}
        for name, (worker, reply) in replies.items():
            if reason := reason_of(reply):
                failures[name] = f"Backend {name!r} cannot start ({reason}); see 'jamharness doctor'."
            else:
                ready[name] = worker
        yield ready


def reason_of(reply: "Future[Any]") -> str:
    """Why there is no result, in a few words; empty when there is one."""
    error = reply.exception()
    if error is None:
        return ""
    text = " ".join(str(error).split()) if isinstance(error, JamharnessError) else f"{type(error).__name__}: {error}"
    return text.rstrip(".") or type(error).__name__


def answers(asked: "Mapping[str, Future[T]]", failures: dict[str, str], where: str) -> Iterator[tuple[str, T]]:
    """What backends found, by name; one that has no result is a failure with its reason.

    Arguments:
        asked: by name.
        failures: where reasons go.
        where: that backends were asked, in words.
    """
    for name, reply in asked.items():
        if reason := reason_of(reply):
            failures[name] = f"Backend {name!r} failed {where}: {reason}."
        else:
            yield name, reply.result()


def coarsest(workers: Mapping[str, BackendWorker]) -> str:
    """``"float32"`` if one of them computes in it, or ``"float64"``."""
    return "float32" if any(worker.target.dtype == "float32" for worker in workers.values()) else "float64"


def as_reference(request: Request) -> Request:
    """The same request in float64 on the CPU."""
    return replace(request, target=replace(request.target, device="cpu", dtype="float64"))
