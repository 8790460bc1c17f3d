"""One cell, with all that a worker needs to compute it."""

import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from jamharness.api import (
    Backend,
    BackendSpec,
    Cell,
    CellResult,
    CheckedBackend,
    Checkpoints,
    Json,
    PluginError,
    Progress,
)
from jamharness.execution.closure import unseen
from jamharness.execution.data import fingerprint, load
from jamharness.execution.facts import Facts
from jamharness.execution.origin import with_place
from jamharness.execution.plain import plain
from jamharness.execution.progress import say
from jamharness.plugins import load_object
from jamharness.store import CheckpointFile


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where cells are computed.

    Arguments:
        backend: which backend; its environment must be a plain dict.
        device: ``"cpu"``, ``"cuda"`` or ``"cuda:i"``.
        dtype: ``"float64"`` or ``"float32"``.
        threads: CPU threads.
    """

    backend: BackendSpec
    device: str
    dtype: str
    threads: int


@dataclass(frozen=True, kw_only=True)
class Task:
    """What measures a cell.

    Arguments:
        name: as ``Cell.task`` has it.
        factory: ``"package.module:function"``, or the class of a protocol without tasks.
        is_protocol: whether it is such a class.
        native: whether the backend has a method of its own that takes its place.
    """

    name: str
    factory: str
    is_protocol: bool = False
    native: bool = False


@dataclass(frozen=True, kw_only=True)
class Job:
    """A cell on its way to a worker: light, without data.

    Arguments:
        cell: what to compute.
        task: what measures it.
        target: the backend and where it computes.
        needed: the results of the cells that it needs.
        dataset_factory: ``"package.module:function"`` of its data set; empty if it needs none.
        digest: of its data, as its key has it; empty to take what there is.
        facts: which modules its key accounts for; None to compute whatever they are.
        checkpoint: the file for its state before it is finished, in a store; empty to keep none.
    """

    cell: Cell
    task: Task
    target: Target
    needed: tuple[CellResult, ...] = ()
    dataset_factory: str = ""
    digest: str = ""
    facts: Facts | None = None
    checkpoint: str = ""


_backends: dict[tuple[str, str, str, int], Backend] = {}


def backend_of(target: Target) -> Backend:
    """The backend of this process, constructed at first use, and checked in what it returns.

    Raises:
        BackendError: its factory makes something else.
        BadInput: the device or dtype is not available here.
    """
    key = (target.backend.factory, target.device, target.dtype, target.threads)
    if key not in _backends:
        # The pool has set them before Python started; other executors have not. What the user has set stays.
        for variable, text in target.backend.environment.items():
            os.environ.setdefault(variable, text)
        factory = load_object(target.backend.factory)
        backend = factory(device=target.device, dtype=target.dtype, threads=target.threads)
        _backends[key] = CheckedBackend(backend, target.backend.name)
    return _backends[key]


def describe(target: Target) -> Mapping[str, Json]:
    """What the backend says of itself, in a worker; finds out whether it can be used at all.

    Raises:
        BadInput: the device or dtype is not available here.
    """
    described = plain(backend_of(target).describe(), "describe()")
    assert isinstance(described, dict)
    return described


def measure(job: Job, progress: Progress = say, checkpoints: Checkpoints | None = None) -> CellResult:
    """Compute one cell, by the backend's native method where it has one.

    Arguments:
        job: what to compute.
        progress: called now and then with one line.
        checkpoints: where its state is kept.

    Returns:
        Plain JSON values and NumPy arrays: what a store keeps and reads back unchanged.

    Raises:
        TypeError: the task returned something else.
        PluginError: code computed that no import statement leads to, or the data are not those of the key; or data set,
            backend or task raised an error that is not jamharness's: it says where in their code.
    """
    backend = backend_of(job.target)
    cell, task = replace(job.cell, checkpoints=checkpoints), job.task
    with with_place(task.factory, job.target.backend.factory, job.dataset_factory):
        if cell.dataset is not None:
            if job.digest and fingerprint(job.dataset_factory, cell.dataset) != job.digest:
                raise PluginError(
                    f"Data set {cell.dataset.dataset!r} gave other patterns than when the run began: its files have "
                    "changed, or it does not give the same bits twice; run the same again."
                )
            cell = replace(cell, data=load(job.dataset_factory, cell.dataset))
        if task.native:
            result = getattr(backend, f"measure_{task.name.replace('-', '_')}")(cell, job.needed)
        elif task.is_protocol:
            result = load_object(task.factory)().measure(cell, job.needed, backend, progress)
        else:
            result = load_object(task.factory)(cell, job.needed, backend, progress)
        backend.synchronize()
    if job.facts is not None:
        _check_modules(job.facts, task.factory.partition(":")[0])
    return _check_result(result)


_accounted: set[str] = set()
_checked: set[str] = set(sys.modules)
"""What was there before any plugin, and what was looked at since."""
_strangers: dict[frozenset[str], str] = {}
"""By the modules that a key accounts for, the first that it does not."""


_preloaded: dict[str, set[str]] = {}
"""What came with the module of each task that was imported before its first cell."""


def preload(module: str) -> None:
    """Import the module of a task; what is wrong with it is the error of the cell that needs it."""
    before = set(sys.modules)
    with suppress(Exception, SystemExit):
        import_module(module)
    _preloaded[module] = set(sys.modules) - before
    # They are looked at when a cell of the task has been computed: other tasks have nothing to do with them.
    _checked.update(_preloaded[module])


def _check_modules(facts: Facts, task: str) -> None:
    """Refuse numbers of code that their key does not account for: it could change unnoticed.

    A module counts where it was loaded first. One that other cells of this process account for is no stranger, since it
    may have been loaded for them: what is hidden that way shows where those cells are not computed.
    """
    _accounted.update(facts.modules)
    loaded = set(sys.modules)
    strangers = unseen((loaded - _checked) | _preloaded.pop(task, set()), _accounted, facts.own, facts.libraries)
    _checked.update(loaded)
    if strangers:
        _strangers.setdefault(facts.modules, strangers[0])
    if name := _strangers.get(facts.modules):
        raise PluginError(
            f"Module {name!r} took part and no import statement leads to it, so that the store would not notice a "
            "change of it; the plugin must name it in one (in a function that is never called will do)."
        )


def timed(job: Job) -> tuple[CellResult, float]:
    """``measure``, and the seconds that it took, those of processes among them from whose state it went on."""
    start = time.perf_counter()
    if not job.checkpoint:
        return measure(job), time.perf_counter() - start
    path = Path(job.checkpoint)
    checkpoints = _PlainCheckpoints(path, path.parents[2], say)
    return measure(job, checkpoints=checkpoints), checkpoints.seconds


class _PlainCheckpoints(CheckpointFile):
    """States are held to what results are."""

    def keep(self, state: Callable[[], CellResult]) -> None:
        super().keep(lambda: _check_result(state(), "measure kept"))


def _check_result(result: Any, how: str = "measure returned") -> CellResult:
    if not isinstance(result, CellResult):
        raise TypeError(f"{how} a {type(result).__name__}; it must be a CellResult.")
    values = plain(result.values, "values")
    if not isinstance(values, dict):
        raise TypeError(f"values is a {type(result.values).__name__}; it must be a mapping.")
    arrays = {str(name): np.array(array, order="C") for name, array in result.arrays.items()}
    objects = [name for name, array in arrays.items() if array.dtype.hasobject]
    if objects:
        raise TypeError(f"arrays[{objects[0]!r}] holds Python objects; keep numbers only.")
    return CellResult(values=values, arrays=arrays)
