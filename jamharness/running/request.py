"""What is asked for, checked in full before anything is written or started."""

import os
import re
import shutil
import socket
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jamharness.api import DTYPES, BackendSpec, BadInput, Cell, PluginError, unknown_name
from jamharness.execution.job import Target
from jamharness.plugins import Plugins, plugin_code
from jamharness.running.data import DataDigests, Loading
from jamharness.running.experiments import Experiment, Problems, make_experiments
from jamharness.running.figures import DEFAULT, check_formats
from jamharness.store import Store, check_run_name

_DEVICE = re.compile(r"cpu|cuda(:\d+)?")
_ADDRESS = re.compile(r"(tcp|tls)://(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):(?P<port>\d{1,5})")
_PATIENCE = 5.0
"""Seconds that a scheduler may take to accept a connection."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Request:
    """A run that can be started.

    Arguments:
        asks: the protocols in the order in which they run.
        target: the backend and where it computes.
        workers: the most worker processes at a time; with a scheduler the most cells in flight, None for twice as many
            as its workers have threads.
        scheduler: the address of the Dask scheduler whose workers compute; None for this machine.
        interpreter: the Python that runs them.
        limit: seconds that a cell may take; None for no limit.
        memory: GiB that a worker may use; None for no limit.
        store: where to keep things; not created yet if it did not exist.
        name: of the run; None for the default.
        preset, seed: what was given, for the record.
        figures: the formats in which figures are drawn.
    """

    experiments: tuple[Experiment, ...]
    target: Target
    workers: int | None
    scheduler: str | None
    interpreter: str
    limit: float | None
    memory: float | None
    store: Store
    name: str | None
    preset: str | None
    seed: int | None
    figures: tuple[str, ...]


def check_request(
    protocols: str | Sequence[str],
    *,
    plugins: Plugins,
    backend: str,
    settings: Mapping[str, Any] | None,
    preset: str | None,
    seed: int | None,
    device: str,
    dtype: str,
    workers: int | None,
    threads: int,
    store: str | Path | None,
    name: str | None,
    interpreters: Mapping[str, str] | None,
    limit: float | None = None,
    memory: float | None = None,
    figures: Sequence[str] = DEFAULT,
    scheduler: str | None = None,
) -> Request:
    """Check what ``run`` was asked for, and write nothing.

    Arguments:
        protocols: like all that follow, as ``run`` takes them.
        plugins: what there is.
        backend: its name.
        settings: for all protocols, or by protocol.
        preset: its name.
        seed: the setting of this name.
        device: where the backend computes.
        dtype: in which it computes.
        workers: the most worker processes at a time.
        threads: of each worker.
        store: the folder.
        name: of the run.
        interpreters: the Python of a backend's workers, by the backend's name.
        limit: seconds that a cell may take.
        memory: GiB that a worker may use.
        figures: formats.
        scheduler: the address of a Dask scheduler.

    Raises:
        BadInput: all that is wrong with it.
    """
    problems = Problems()
    interpreter = interpreter_of(backend, interpreters or {}, problems)
    spec = _backend(plugins, backend, interpreter != sys.executable or scheduler is not None, problems)
    _check_scheduler(scheduler, problems)
    _check_target(device, dtype, threads, workers, problems)
    _check_limits(limit, memory, problems)
    formats = check_formats(figures, problems)
    experiments = make_experiments(plugins, protocols, settings or {}, preset, seed, problems)
    home = None
    try:
        home = Store(store, create=False)
        home.check_writable()
        if name is not None:
            check_run_name(name)
    except BadInput as error:
        problems.take(error)
    if problems or spec is None or home is None:
        # Data are loaded only now that nothing can start, to report all problems at once.
        data = DataDigests(plugins, Loading(interpreter=interpreter))
        first = [cell for experiment in experiments for cell in _first_cells(experiment)]
        data.load(cell.dataset for cell in first if cell.dataset is not None)
        problems.extend(text for text in data.problems if text not in problems)
        raise BadInput(*problems)
    threads = int(threads)
    return Request(
        experiments=tuple(experiments),
        target=Target(
            backend=replace(spec, environment=dict(spec.environment)), device=device, dtype=dtype, threads=threads
        ),
        workers=_workers(workers, threads, scheduler),
        scheduler=scheduler,
        interpreter=interpreter,
        limit=None if limit is None else float(limit),
        memory=None if memory is None else float(memory),
        store=home,
        name=name,
        preset=preset,
        seed=seed,
        figures=formats,
    )


def _first_cells(experiment: Experiment) -> Iterable[Cell]:
    try:
        with plugin_code(f"protocol {experiment.name!r}", "planning"):
            return list(experiment.protocol.plan(experiment.settings, ()))
    except Exception:  # noqa: BLE001  (it is reported when nothing else is wrong)
        return ()


def _workers(workers: int | None, threads: int, scheduler: str | None) -> int | None:
    if workers is not None:
        return int(workers)
    return max(1, _cores() // threads) if scheduler is None else None


def _backend(plugins: Plugins, name: str, elsewhere: bool, problems: Problems) -> BackendSpec | None:
    try:
        return plugins.backend(name, elsewhere=elsewhere)
    except (BadInput, PluginError) as error:
        problems.take(error)
        return None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _check_target(device: str, dtype: str, threads: int, workers: int | None, problems: list[str]) -> None:
    if not _DEVICE.fullmatch(device):
        # The nearest of the names to "gpu" is "cpu", which is not what was meant.
        meant = "cuda" if "gpu" in device.lower() else device
        sentence = unknown_name("device", meant, ("cpu", "cuda", "cuda:0"))
        problems.append(sentence.replace(repr(meant), repr(device), 1))
    if dtype not in DTYPES:
        problems.append(unknown_name("dtype", dtype, DTYPES))
    if not _is_count(threads):
        problems.append(f"threads = {threads!r}: each worker needs a whole number of threads, at least 1.")
    if workers is not None and not _is_count(workers):
        problems.append(f"workers = {workers!r}: give a whole number of worker processes, at least 1.")


def _check_scheduler(address: str | None, problems: list[str]) -> None:
    """Whether there is something that answers, before anything else is done."""
    if address is None:
        return
    match = _ADDRESS.fullmatch(address)
    if match is None or int(match["port"]) > 65_535:
        problems.append(
            f"scheduler = {address!r}: give the address that 'dask scheduler' prints, such as 'tcp://node1:8786'."
        )
    elif find_spec("distributed") is None:
        problems.append(
            f"scheduler = {address!r} needs Dask's distributed, which is not installed; "
            'run: pip install "jamharness[cluster]"'
        )
    else:
        try:
            socket.create_connection((match["host"].strip("[]"), int(match["port"])), _PATIENCE).close()
        except OSError as error:
            problems.append(
                f"scheduler = {address!r}: nobody answers there ({error.strerror or error}); "
                "start one by 'dask scheduler', and give the address that it prints."
            )


def _check_limits(limit: object, memory: object, problems: list[str]) -> None:
    for name, value, unit in (("limit", limit, "seconds for a cell"), ("memory", memory, "GiB for a worker")):
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
            problems.append(f"{name} = {value!r}: give a number of {unit}, above 0, or leave it out for no limit.")


def interpreter_of(backend: str, interpreters: Mapping[str, str], problems: list[str]) -> str:
    """The Python that runs a backend's workers: configured, named by JAMHARNESS_PYTHON_NAME, or this one.

    Arguments:
        backend: its name.
        interpreters: those of the configuration.
        problems: where a program that cannot be run is reported; this interpreter is returned then.
    """
    variable = "JAMHARNESS_PYTHON_" + re.sub(r"\W", "_", backend).upper()
    chosen = interpreters.get(backend) or os.environ.get(variable)
    if not chosen:
        return sys.executable
    program = shutil.which(chosen)
    if program is None:
        problems.append(
            f"Interpreter {chosen!r} of backend {backend!r} is no program that can be run; "
            "give the path of a Python with jamharness and the framework installed."
        )
        return sys.executable
    return str(Path(program).absolute())


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
