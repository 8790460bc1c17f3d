"""One cell, with all that a worker needs to compute it."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from jamharness.api import (
    Backend,
    BackendSpec,
    Cell,
    CellResult,
    CheckedBackend,
    DataRequest,
    Json,
    Patterns,
    Progress,
)
from jamharness.execution.origin import with_place
from jamharness.execution.plain import plain
from jamharness.execution.progress import say
from jamharness.plugins import load_object


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
class Job:
    """A cell on its way to a worker: light, without data.

    Arguments:
        cell: what to compute.
        protocol_factory: ``"package.module:Class"`` of its protocol.
        dataset_factory: ``"package.module:function"`` of its data set; empty if it needs none.
        target: the backend and where it computes.
    """

    cell: Cell
    protocol_factory: str
    dataset_factory: str
    target: Target


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
        made = factory(device=target.device, dtype=target.dtype, threads=target.threads)
        _backends[key] = CheckedBackend(made, target.backend.name)
    return _backends[key]


def describe(target: Target) -> Mapping[str, Json]:
    """What the backend says of itself, in a worker; finds out whether it can be used at all.

    Raises:
        BadInput: the device or dtype is not available here.
    """
    described = plain(backend_of(target).describe(), "describe()")
    assert isinstance(described, dict)
    return described


@lru_cache(maxsize=4)
def _data(factory: str, request: DataRequest) -> Patterns:
    patterns = load_object(factory)(request)
    if not isinstance(patterns, Patterns):
        raise TypeError(f"{factory} returned a {type(patterns).__name__}; a data set returns Patterns.")
    return patterns


def measure(job: Job, progress: Progress = say) -> CellResult:
    """Compute one cell, by the backend's native protocol where it has one.

    Arguments:
        job: what to compute.
        progress: called now and then with one line.

    Returns:
        Plain JSON values and NumPy arrays: what a store keeps and reads back unchanged.

    Raises:
        TypeError: the protocol returned something else.
        PluginError: data set, backend or protocol raised an error that is not jamharness's; says where in their code.
    """
    backend = backend_of(job.target)
    cell = job.cell
    with with_place(job.protocol_factory, job.target.backend.factory, job.dataset_factory):
        if cell.dataset is not None:
            cell = replace(cell, data=_data(job.dataset_factory, cell.dataset))
        if f"protocol:{cell.protocol}" in job.target.backend.capabilities:
            result = getattr(backend, f"measure_{cell.protocol.replace('-', '_')}")(cell)
        else:
            result = load_object(job.protocol_factory)().measure(cell, backend, progress)
        backend.synchronize()
    return _kept(result)


def timed(job: Job) -> tuple[CellResult, float]:
    """``measure``, and the seconds that it took."""
    start = time.perf_counter()
    result = measure(job)
    return result, time.perf_counter() - start


def _kept(result: Any) -> CellResult:
    if not isinstance(result, CellResult):
        raise TypeError(f"measure returned a {type(result).__name__}; it must return a CellResult.")
    values = plain(result.values, "values")
    if not isinstance(values, dict):
        raise TypeError(f"values is a {type(result.values).__name__}; it must be a mapping.")
    arrays = {str(name): np.array(array, order="C") for name, array in result.arrays.items()}
    objects = [name for name, array in arrays.items() if array.dtype.hasobject]
    if objects:
        raise TypeError(f"arrays[{objects[0]!r}] holds Python objects; keep numbers only.")
    return CellResult(values=values, arrays=arrays)
