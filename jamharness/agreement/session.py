"""Compare backends: number by number, along trajectories, and over seeds."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from jamharness.agreement import distribution, dynamics
from jamharness.agreement.dynamics import PreparedDynamics
from jamharness.agreement.measuring import PreparedPoint, compare_exactly, compare_trajectories
from jamharness.agreement.requests import KINDS, check_equivalences, check_requests
from jamharness.agreement.result import Agreement, Trajectories
from jamharness.agreement.rows import DistributionRow, ExactRow, HorizonRow
from jamharness.agreement.workers import as_reference, backend_workers
from jamharness.api import BadInput, ComparisonPoint, DynamicsPoint, JamharnessError, canonical_json, digest
from jamharness.datasets.files import downloads
from jamharness.plugins import Plugins, plugin_code
from jamharness.running import Observer, Run, Silent, run
from jamharness.running.data import Loading
from jamharness.running.experiments import Experiment
from jamharness.running.request import Request
from jamharness.running.workers import loading_of

UPDATES = 10_000
"""Of the first-order trajectories: enough for Adam at its fastest rate to show how its roundings grow."""


def agree(
    protocols: str | Sequence[str],
    *,
    backends: Sequence[str],
    reference: str = "numpy",
    kinds: Sequence[str] = KINDS,
    equivalences: Mapping[str, float] | None = None,
    updates: int = UPDATES,
    settings: Mapping[str, Any] | None = None,
    preset: str | None = None,
    seed: int | None = None,
    device: str = "cpu",
    dtype: str = "float64",
    workers: int | None = None,
    threads: int = 1,
    store: str | Path | None = None,
    plugins: Plugins | None = None,
    interpreters: Mapping[str, str] | None = None,
    observer: Observer | None = None,
    download: bool = False,
    say: Callable[[str], None] = lambda _text: None,
    draw: Callable[[Agreement], Mapping[str, bytes]] | None = None,
) -> Agreement:
    """Compare backends in up to three kinds; see ``jamharness.agreement.rows`` for what each row says.

    Arguments:
        protocols: whose comparison points and estimates are compared.
        backends: those to compare. One alone is compared with the reference in distribution too.
        reference: compared with number by number; computes in float64 on the CPU.
        kinds: of ``KINDS``.
        equivalences: margins that replace those of the observables, by observable.
        updates: of the first-order trajectories.
        settings: for every protocol that has such a field, as ``run`` takes them.
        preset: as for ``run``, like all that follow.
        seed: the setting of this name.
        device: of the backends.
        dtype: of the backends.
        workers: the most worker processes of a run.
        threads: of each worker.
        store: where the runs are kept, and the figures.
        plugins: what there is.
        interpreters: the Python of each backend's workers.
        observer: who is told of the runs.
        download: whether files of data sets that are missing may be fetched.
        say: told in one line what is being compared.
        draw: makes the figures, as PNG by name.

    Raises:
        BadInput: everything that is wrong with what was asked for, and every backend that cannot start, before anything
            is computed.
        Interrupted: Ctrl-C during a run.
    """
    start = time.monotonic()
    plugins = plugins or Plugins.load()
    common: dict[str, Any] = {
        "settings": settings, "preset": preset, "seed": seed, "workers": workers, "threads": threads, "store": store,
        "plugins": plugins, "interpreters": interpreters,
    }  # fmt: skip
    backend_names = tuple(dict.fromkeys(backends))
    failures: dict[str, str] = {}
    requests = check_requests(
        protocols, backend_names, reference, kinds, {**common, "device": device, "dtype": dtype}, failures
    )
    experiments = requests[reference].experiments
    check_equivalences(equivalences or {}, experiments)
    if updates < 10:
        raise BadInput(f"updates = {updates}: a trajectory needs at least 10 updates to be seen to part.")
    protocol_names = "-".join(experiment.name for experiment in experiments)
    name = f"agree-{protocol_names}-{digest(_identity(experiments, backend_names, reference, dtype))[:6]}"
    exact_rows: list[ExactRow] = []
    horizon_rows: list[HorizonRow] = []
    paths: list[Trajectories] = []
    everyone = {each: as_reference(request) if each == reference else request for each, request in requests.items()}
    if reference in backend_names and requests[reference].target != everyone[reference].target:
        everyone[f"{reference} on {device} in {dtype}"] = requests[reference]
    with downloads(download), backend_workers(everyone, failures) as ready:
        # Nobody wants to hear after minutes of the reference's work that another backend cannot start.
        if failures:
            raise BadInput(*failures.values())
        if {"exact", "horizon"} & set(kinds):
            for comparison_point in _comparison_points(experiments, failures):
                others = {each: ready[each] for each in backend_names if each != reference or len(backend_names) == 1}
                point = _Point.of(comparison_point, reference, plugins, loading_of(requests[reference]))
                if "exact" in kinds:
                    say(f"exact: {comparison_point.label}")
                    exact_rows += point.exactly(reference, ready[reference], others, failures)
                if "horizon" in kinds:
                    say(f"horizon: {comparison_point.label}")
                    rows, trajectories = point.trajectories(reference, ready[reference], others, failures, updates)
                    horizon_rows += rows
                    paths += trajectories
    distribution_rows: list[DistributionRow] = []
    runs: dict[str, Run] = {}
    if "distribution" in kinds:
        compared = backend_names if len(backend_names) > 1 else (*backend_names, reference)
        for each in dict.fromkeys(compared):
            say(f"distribution: {each}")
            try:
                runs[each] = run(
                    protocols, backend=each, observer=observer or Silent(), download=download, **common,
                    device=requests[each].target.device, dtype=requests[each].target.dtype,
                )  # fmt: skip
            except BadInput as error:
                failures[each] = " ".join(error.problems)
        failures |= _nothing_done(runs)
        distribution_rows = _distribution(experiments, runs, equivalences or {})
    agreement = Agreement(
        name=name,
        backends=backend_names,
        reference=reference,
        dtype=dtype,
        exact=exact_rows,
        horizon=horizon_rows,
        distribution=distribution_rows,
        failures=failures,
        trajectories=paths,
        runs={each: finished.name for each, finished in runs.items()},
        seconds=time.monotonic() - start,
    )
    return _store_outputs(agreement, requests[reference], draw)


def _identity(experiments: Sequence[Experiment], backends: Sequence[str], reference: str, dtype: str) -> Any:
    return {
        "experiments": {experiment.name: experiment.plain() for experiment in experiments},
        "backends": [*backends, reference],
        "dtype": dtype,
    }


@dataclass(frozen=True, kw_only=True)
class _Point:
    """A point with its data, and how backends are compared there."""

    exactly: Callable[..., list[ExactRow]]
    trajectories: Callable[..., tuple[list[HorizonRow], list[Trajectories]]]

    @classmethod
    def of(
        cls, declared: ComparisonPoint | DynamicsPoint, reference: str, plugins: Plugins, loading: Loading
    ) -> "_Point":
        if isinstance(declared, DynamicsPoint):
            moving = PreparedDynamics.of(declared, reference, plugins, loading)
            return cls(
                exactly=partial(dynamics.compare_exactly, moving),
                trajectories=partial(dynamics.compare_trajectories, moving),
            )
        where = PreparedPoint.of(declared, plugins, loading)
        return cls(exactly=partial(compare_exactly, where), trajectories=partial(compare_trajectories, where))


def _comparison_points(
    experiments: Sequence[Experiment], failures: dict[str, str]
) -> list[ComparisonPoint | DynamicsPoint]:
    """Those of all protocols, each once."""
    points: dict[ComparisonPoint | DynamicsPoint, None] = {}
    for experiment in experiments:
        declare = getattr(experiment.protocol, "comparison_points", None)
        if declare is None:
            failures[experiment.name] = (
                f"Protocol {experiment.name!r} declares no points to compare backends at number by number."
            )
            continue
        with plugin_code(f"protocol {experiment.name!r}", "declaring its points of comparison"):
            points |= dict.fromkeys(declare(experiment.settings))
    return list(points)


def _nothing_done(runs: Mapping[str, Run]) -> dict[str, str]:
    """The backends all of whose cells failed, each with the reason of its first one."""
    return {
        name: f"All {part.cells['failed']} cells of {protocol} failed with backend {name!r}; {label}: {reason}"
        for name, finished in runs.items()
        for protocol, part in finished.protocols.items()
        if part.failures and not part.cells["done"]
        for label, reason in part.failures[:1]
    }


def _distribution(
    experiments: Sequence[Experiment], runs: Mapping[str, Run], equivalences: Mapping[str, float]
) -> list[DistributionRow]:
    """All pairs of backends."""
    rows: list[DistributionRow] = []
    names = list(runs)
    for index, first in enumerate(names):
        for second in names[index + 1 :]:
            for experiment in experiments:
                findings = tuple(runs[each].protocols[experiment.name].findings for each in (first, second))
                rows += distribution.compare(
                    experiment.name,
                    experiment.protocol.observables,
                    (first, second),
                    (findings[0], findings[1]),
                    equivalences,
                )
    return rows


def _store_outputs(
    agreement: Agreement, request: Request, draw: Callable[[Agreement], Mapping[str, bytes]] | None
) -> Agreement:
    """Write the figures and the document into the store."""
    store = request.store
    store.create()
    folder = store.root / "figures" / agreement.name
    files = []
    try:
        images = draw(agreement) if draw and agreement.trajectories else {}
    except JamharnessError:
        images = {}
    for name, image in images.items():
        store.write(folder / f"{name}.png", image)
        files.append(str(folder / f"{name}.png"))
    agreement = replace(agreement, files=files)
    store.write(store.root / "agreements" / f"{agreement.name}.json", canonical_json(agreement.to_json()).encode())
    return agreement
