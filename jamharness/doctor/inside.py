"""What is asked of a backend from inside the process that computes with it."""

import os
import platform
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from jamharness.api import Backend, Json, Network, generator
from jamharness.execution.job import Target, backend_of
from jamharness.execution.plain import plain
from jamharness.plugins import load_object

AVX512 = {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}


def inspect(target: Target, referee: str) -> dict[str, Json]:
    """Import a framework, compute a little, and say what the process is like afterwards.

    Arguments:
        target: the backend and where it computes.
        referee: ``"package.module:Class"`` of the backend to compare with; empty for none.

    Returns:
        JSON values: ``seconds`` of import and construction, ``described``, ``cuda`` (why there is none; empty if there
        is), ``repeats`` (whether the same call gave the same bits), ``error`` (relative, against the referee),
        ``pools`` (thread pools of linear algebra), ``avx512`` (whether the processor has it), ``owners`` of libcudnn,
        ``variables`` that are set otherwise than the backend wants, and what Python it is.
    """
    start = time.perf_counter()
    backend = backend_of(target)
    seconds = time.perf_counter() - start
    first, second = _computed(backend), _computed(backend)
    error = None
    if referee:
        expected = _computed(load_object(referee)(device="cpu", dtype="float64", threads=1))
        error = float(np.abs(first - expected).max() / np.abs(expected).max())
    inspection: dict[str, Any] = {
        "python": platform.python_version(),
        "executable": sys.executable,
        "seconds": seconds,
        "described": dict(backend.describe()),
        "cuda": backend.unavailable("cuda") or "",
        "repeats": bool(np.array_equal(first, second)),
        "error": error,
        "pools": _pools(),
        "avx512": _avx512(),
        "owners": _owners("cudnn"),
        "variables": {
            name: os.environ[name] for name, text in target.backend.environment.items() if os.environ[name] != text
        },
    }
    document = plain(inspection, "inspect()")
    assert isinstance(document, dict)
    return document


def _computed(backend: Backend) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Margins and gradient of a small network, (P + N,)."""
    draw = generator("doctor")
    network = Network(inputs=5, width=8, depth=2)
    x, y = draw.standard_normal((40, 5)), np.where(draw.random(40) < 0.5, -1.0, 1.0)
    problem, w = backend.problem(network, x, y), network.initial(seed=0)
    return np.concatenate([problem.margins(w), problem.loss_and_gradient(w)[1]]).astype(np.float64)


def _pools() -> list[dict[str, Any]]:
    from threadpoolctl import threadpool_info  # type: ignore[import-untyped]

    keys = ("user_api", "internal_api", "prefix", "filepath", "version", "num_threads", "architecture")
    return [{key: pool.get(key) for key in keys} for pool in threadpool_info()]


def _avx512() -> bool:
    """Whether the processor has the instructions that OpenBLAS's SkylakeX kernels use; False where nothing tells."""
    try:
        flags = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:
        return False
    return flags >= AVX512


def _owners(library: str) -> dict[str, list[str]]:
    """Distributions that bring a shared library, by the library's file name."""
    distributions: dict[str, list[str]] = {}
    for distribution in metadata.distributions():
        for file in distribution.files or ():
            if f"lib{library}" in file.name and ".so" in file.name:
                distributions.setdefault(file.name, []).append(distribution.metadata["Name"])
    return {name: sorted(set(owners)) for name, owners in distributions.items()}
