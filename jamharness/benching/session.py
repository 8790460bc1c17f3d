"""Each backend in its own process and interpreter, one after the other, so that none disturbs another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jamharness.api import BadInput, JamharnessError, Json
from jamharness.benching.inside import methods, products
from jamharness.execution.job import Job, Target, timed
from jamharness.execution.pool import LocalPool
from jamharness.plugins import Plugins
from jamharness.running.keys import find_task
from jamharness.running.request import check_request
from jamharness.running.workers import environment_of


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What one backend took.

    Arguments:
        backend: its name.
        rate: GF/s of matrix products in NumPy, with as many threads.
        seconds: of each method.
        verdict: seconds of the first cell of the protocol; its outcome.
        outcome: likewise; empty if there is none.
        failure: why there is nothing; empty otherwise.
    """

    backend: str
    rate: float = 0.0
    seconds: Mapping[str, float] | None = None
    verdict: float = 0.0
    outcome: str = ""
    failure: str = ""

    def to_json(self) -> dict[str, Json]:
        """The timing as JSON values."""
        return {
            "backend": self.backend, "matrix_products_gflops": self.rate, "seconds": dict(self.seconds or {}),
            "verdict_seconds": self.verdict, "outcome": self.outcome, "failure": self.failure,
        }  # fmt: skip


def bench(
    plugins: Plugins,
    backends: Sequence[str],
    *,
    width: int = 12,
    depth: int = 3,
    load: float = 2.5,
    device: str = "cpu",
    dtype: str = "float64",
    threads: int = 1,
    interpreters: Mapping[str, str] | None = None,
    unread: Sequence[str] = (),
) -> list[Timing]:
    """Time the methods of each backend, and one minimisation by the protocol ``jamming``.

    Arguments:
        plugins: what is installed.
        backends: their names.
        width: h = d.
        depth: L.
        load: P/N_w.
        device: where to compute.
        dtype: in which.
        threads: of the CPU.
        interpreters: the Python of a backend's workers, by the backend's name.
        unread: what was wrong with the request before it came here, to be said together with the rest.

    Raises:
        BadInput: all that is wrong with the request.
    """
    problems = list(unread)
    if not backends:
        problems.append(
            f"No backend is named; add --backends NAME,NAME (allowed: {', '.join(sorted(plugins.backends))})."
        )
    if not load > 0:
        problems.append(f"load = {load}: P/N_w must be a positive number.")
    settings = {"width": width, "depth": depth, "seeds": 1, "start_ratio": load if load > 0 else 1.0}
    requests = {}
    for name in dict.fromkeys(backends):
        try:
            requests[name] = check_request(
                "jamming", plugins=plugins, backend=name, settings=settings, preset=None, seed=None, device=device,
                dtype=dtype, workers=1, threads=threads, store=None, name=None, interpreters=interpreters,
            )  # fmt: skip
        except BadInput as error:
            problems += [sentence for sentence in error.problems if sentence not in problems]
    if problems:
        raise BadInput(*problems)
    rate = products(threads)
    return [_time(plugins, name, request, rate, (width, depth, load)) for name, request in requests.items()]


def _time(plugins: Plugins, name: str, request: Any, rate: float, shape: tuple[int, int, float]) -> Timing:
    target: Target = request.target
    (experiment,) = request.experiments
    cell = next(iter(experiment.protocol.plan(experiment.settings, ())))
    pool = LocalPool(1, interpreter=request.interpreter, environment=environment_of(target), threads=target.threads)
    dataset = plugins.dataset(cell.dataset.dataset).factory if cell.dataset else ""
    job = Job(cell=cell, task=find_task(plugins, "jamming", cell.task, target), target=target, dataset_factory=dataset)
    with pool:
        try:
            seconds = pool.submit(methods, target, *shape).result()
            # Once before it counts: what is traced or compiled stays.
            warm = replace(job, cell=replace(cell, coordinates={**cell.coordinates, "budget": 3}))
            pool.submit(timed, warm).result()
            result, spent = pool.submit(timed, job).result()
        except Exception as error:  # noqa: BLE001  (whatever it is, the others are measured)
            text = str(error) if isinstance(error, JamharnessError) else f"{type(error).__name__}: {error}"
            return Timing(backend=name, rate=rate, failure=" ".join(text.split()))
    return Timing(
        backend=name, rate=rate, seconds=seconds, verdict=spent, outcome=str(result.values.get("outcome", ""))
    )
