"""Run and resume."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jamharness.api import BadInput, Json, shortcomings
from jamharness.datasets.files import downloads
from jamharness.environment import describe_environment
from jamharness.execution.plain import plain
from jamharness.plugins import Plugins
from jamharness.running.claimed import begun, judged, tested_claim
from jamharness.running.code import code_of, differences, new_settings
from jamharness.running.data import DataDigests
from jamharness.running.figures import DEFAULT, draw_figures, figures_folder
from jamharness.running.journal import RunJournal, first_record
from jamharness.running.keys import Keys, task_modules
from jamharness.running.observer import Observer, Silent
from jamharness.running.registering import Registration, find_registration
from jamharness.running.request import Request, check_request
from jamharness.running.result import Run, conclude
from jamharness.running.scheduler import Scheduler
from jamharness.running.telling import tell
from jamharness.running.tracker import CellTracker
from jamharness.running.watching import Watching
from jamharness.running.workers import WorkerPool, loading_of
from jamharness.store import Claims, RunRecord, Store

log = logging.getLogger("jamharness")


class Interrupted(KeyboardInterrupt):
    """Ctrl-C stopped a run; everything that had finished is kept.

    Arguments:
        name: the run, to be resumed under this name.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"Run {name!r} was interrupted; what is done is kept. Resume it by its name.")


def run(
    protocols: str | Sequence[str],
    *,
    backend: str,
    settings: Mapping[str, Any] | None = None,
    preset: str | None = None,
    seed: int | None = None,
    device: str = "cpu",
    dtype: str = "float64",
    workers: int | None = None,
    limit: float | None = None,
    memory: float | None = None,
    threads: int = 1,
    store: str | Path | None = None,
    name: str | None = None,
    figures: str | Sequence[str] = DEFAULT,
    plugins: Plugins | None = None,
    interpreters: Mapping[str, str] | None = None,
    observer: Observer | None = None,
    download: bool = False,
    scheduler: str | None = None,
) -> Run:
    """Measure protocols, one after the other, and keep every finished cell; what the store has is not computed again.

    Arguments:
        protocols: their names.
        backend: the name of the backend.
        settings: for every protocol that has such a field; under a protocol's name, a mapping for that one alone.
        preset: the name of a preset of the protocols, to start from.
        seed: sets the setting ``seed``.
        device: ``"cpu"``, ``"cuda"`` or ``"cuda:i"``.
        dtype: ``"float64"`` or ``"float32"``.
        workers: the most worker processes at a time; None for as many as there are cores for.
        limit: seconds that a cell may take before its worker is stopped. The cell is tried once more; then it is a
            failure of the run, and the rest goes on.
        memory: GiB of resident memory that a worker may use before it is stopped, likewise.
        threads: CPU threads of each worker.
        store: the folder; None for ``jamharness-store`` in the current one.
        name: of the run; None for one made of the protocols and a digest of what is asked for.
        figures: the formats in which figures are drawn: ``"pdf"``, ``"svg"``, ``"png"``, several, or ``"none"``.
        plugins: what there is; None to look for what is installed.
        interpreters: the Python of a backend's workers, by the backend's name.
        observer: who is told what happens.
        download: whether files of data sets that are missing may be fetched.
        scheduler: the address of a Dask scheduler, such as ``"tcp://node1:8786"``, whose workers compute the cells;
            then ``workers`` is the most cells in flight, None for twice as many as those workers have threads.

    Returns:
        The finished run. Its ``exit`` is 1 if a question was not answered.

    Raises:
        BadInput: everything that is wrong with the request, before anything is written or started; or, later, why the
            store cannot be written any more.
        Interrupted: Ctrl-C.
    """
    plugins = plugins or Plugins.load()
    with downloads(download):
        request = check_request(
            protocols,
            plugins=plugins,
            backend=backend,
            settings=settings,
            preset=preset,
            seed=seed,
            device=device,
            dtype=dtype,
            workers=workers,
            limit=limit,
            memory=memory,
            threads=threads,
            store=store,
            name=name,
            interpreters=interpreters,
            figures=figures,
            scheduler=scheduler,
        )
        return _carry_out(request, plugins, observer or Silent(), None)


def resume(
    name: str,
    *,
    store: str | Path | None = None,
    workers: int | None = None,
    limit: float | None = None,
    memory: float | None = None,
    figures: str | Sequence[str] = DEFAULT,
    plugins: Plugins | None = None,
    interpreters: Mapping[str, str] | None = None,
    observer: Observer | None = None,
    download: bool = False,
    scheduler: str | None = None,
) -> Run:
    """Go on with a run where it stopped; cells that failed are tried again.

    Arguments:
        name: the run's name.
        store: as for ``run``, like all that follow.
        workers: the most worker processes at a time.
        limit: seconds that a cell may take.
        memory: GiB that a worker may use.
        figures: the formats in which figures are drawn.
        plugins: what there is.
        interpreters: the Python of a backend's workers.
        observer: who is told what happens.
        download: whether files of data sets that are missing may be fetched.
        scheduler: the address of a Dask scheduler; None for this machine, wherever the run began.

    Raises:
        BadInput: there is no such run, or it cannot be computed here any more.
        Interrupted: Ctrl-C.
    """
    record = Store(store, create=False).run(name)
    plugins = plugins or Plugins.load()
    with downloads(download):
        request = check_request(
            list(record.protocols),
            plugins=plugins,
            backend=record.backend,
            settings=record.protocols,
            preset=None,
            seed=None,
            device=record.device,
            dtype=record.dtype,
            workers=workers,
            limit=limit,
            memory=memory,
            threads=record.threads,
            store=store,
            name=name,
            interpreters=interpreters,
            figures=figures,
            scheduler=scheduler,
        )
        request = replace(request, preset=record.preset, seed=record.seed)
        tested = tested_claim(record.claim)
        document: Any = record.claim.get("document")
        claim = None if tested is None else Registration(digest=tested.digest, document=document)
        return _carry_out(request, plugins, observer or Silent(), record, claim)


def run_claim(
    reference: str,
    *,
    store: str | Path | None = None,
    workers: int | None = None,
    limit: float | None = None,
    memory: float | None = None,
    scheduler: str | None = None,
    name: str | None = None,
    figures: str | Sequence[str] = DEFAULT,
    plugins: Plugins | None = None,
    interpreters: Mapping[str, str] | None = None,
    observer: Observer | None = None,
    download: bool = False,
) -> Run:
    """Measure exactly what a claim has registered, and end with its verdict.

    Arguments:
        reference: the claim's digest, the beginning of it, or the file that was registered.
        store: in which it was registered, and which keeps the run.
        workers: as for ``run``, like all that follow.
        limit: seconds that a cell may take.
        memory: GiB that a worker may use.
        scheduler: the address of a Dask scheduler, whose workers compute the cells.
        name: of the run; None for one made of the digest.
        figures: the formats in which figures are drawn.
        plugins: what there is.
        interpreters: the Python of a backend's workers.
        observer: who is told what happens.
        download: whether files of data sets that are missing may be fetched.

    Returns:
        The finished run. Its ``exit`` is 0 for confirmed, 1 for refuted, 3 for undecided.

    Raises:
        BadInput: no such claim is registered, the file was edited since, or the claim cannot be run here.
        Interrupted: Ctrl-C.
    """
    plugins = plugins or Plugins.load()
    with downloads(download):
        claim = find_registration(reference, store=store, plugins=plugins, interpreters=interpreters)
        options = dict(claim.request)
        request = check_request(
            [claim.prediction.protocol],
            plugins=plugins,
            preset=None,
            seed=None,
            workers=workers,
            limit=limit,
            memory=memory,
            scheduler=scheduler,
            store=store,
            name=name or f"claim-{claim.digest[:12]}",
            interpreters=interpreters,
            figures=figures,
            **options,
        )
        return _carry_out(request, plugins, observer or Silent(), None, claim)


def _carry_out(
    request: Request,
    plugins: Plugins,
    observer: Observer,
    resumed: RunRecord | None,
    claim: Registration | None = None,
) -> Run:
    record = first_record(request, resumed, claim.digest if claim else "")
    store = request.store
    with WorkerPool(request, task_modules(plugins, [experiment.name for experiment in request.experiments])) as workers:
        data = DataDigests(plugins, loading_of(request))
        trackers = [
            CellTracker(experiment, Keys(experiment.name, plugins, request.target, workers.look_up, data), store)
            for experiment in request.experiments
        ]
        waiting = [cell for tracker in trackers for cell in tracker.advance().values()]
        if data.problems:
            raise BadInput(*data.problems)
        if claim is not None:
            planned = [*waiting, *(item.cell for item in trackers[0].done())]
            now = code_of(trackers[0].experiment, planned, trackers[0].keys, plugins)
            deviations = [
                *new_settings(claim.request["settings"], trackers[0].experiment.plain()),
                *differences(claim.document["code"], now),
            ]
            record = replace(record, claim=begun(claim.digest, claim.document, deviations))
        environment: dict[str, Any] = dict(describe_environment(plugins))
        environment["plugins"] = {**_homes(plugins, trackers), **environment["plugins"]}
        if waiting:
            environment["backend"] = workers.describe()
            for lack in shortcomings(request.target.backend.capabilities):
                log.warning("Backend %r %s.", request.target.backend.name, lack)
        elif "backend" in record.environment:
            environment["backend"] = record.environment["backend"]
        store.create()
        journal = RunJournal(store, replace(record, environment=_plainly(environment)))
        journal.write()
        try:
            for tracker in trackers:
                observer.started(record.name, tracker.experiment.name, tracker.experiment.plain())
                _work(tracker, workers, observer, journal, store.claims())
            finished = _conclude(request, trackers, journal)
            journal.write("finished")
        except KeyboardInterrupt:
            journal.write("interrupted", "Ctrl-C")
            raise Interrupted(record.name) from None
        except BaseException as error:
            _write_failed(journal, error)
            raise
    tell(plugins, finished)
    return finished


def _homes(plugins: Plugins, trackers: Sequence[CellTracker]) -> dict[str, dict[str, str]]:
    """By distribution: its version, and what of it takes part."""
    homes: dict[str, dict[str, str]] = {}
    for tracker in trackers:
        spec = plugins.protocol(tracker.experiment.name)
        own = ("protocol", spec.name, plugins.distribution_of(spec))
        for kind, name, (distribution, version) in (own, *tracker.keys.used):
            home = homes.setdefault(distribution or "(no distribution)", {"version": version})
            names = dict.fromkeys([*filter(None, home.get(kind, "").split(", ")), name])
            home[kind] = ", ".join(names)
    return homes


def _work(tracker: CellTracker, workers: WorkerPool, observer: Observer, journal: RunJournal, claims: Claims) -> None:
    before = journal.record.spent.get(tracker.experiment.name, 0.0)
    start = time.monotonic()

    def spent() -> float:
        return before + time.monotonic() - start

    try:
        watching = Watching(observer, tracker.experiment, tracker.done)
        Scheduler(tracker, workers, tracker.keys, watching, lambda: journal.update(tracker, spent()), claims).work()
    finally:
        journal.enter(tracker, spent())


def _conclude(request: Request, trackers: Sequence[CellTracker], journal: RunJournal) -> Run:
    record = journal.record
    parts, files = {}, []
    for tracker in trackers:
        name = tracker.experiment.name
        parts[name] = conclude(tracker.experiment, tracker.done(), reused=tracker.reused, seconds=record.spent[name])
        folder = figures_folder(request.store, record.name)
        files += draw_figures(tracker.experiment, parts[name].findings, folder, request.figures)
    journal.conclude({name: part.findings for name, part in parts.items()}, files)
    if record.claim:
        ((name, part),) = parts.items()
        verdict = judged(record.claim, part.findings, part.cells["failed"], trackers[0].stored(), request.store)
        journal.record = replace(journal.record, claim=verdict)
    return Run(
        name=record.name,
        status="finished",
        protocols=parts,
        files=files,
        environment=record.environment,
        store=request.store.root,
        claim=tested_claim(journal.record.claim),
    )


def _write_failed(journal: RunJournal, error: BaseException) -> None:
    try:
        journal.write("failed", str(error) or type(error).__name__)
    except BadInput:
        log.debug("the record cannot be written either", exc_info=True)


def _plainly(environment: Mapping[str, Any]) -> dict[str, Json]:
    return {str(key): plain(value, f"environment[{key!r}]") for key, value in environment.items()}
