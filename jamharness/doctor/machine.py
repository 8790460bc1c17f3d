"""The machine: cores, memory, disk, load, and variables that change how many threads libraries use."""

import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil

from jamharness.doctor.findings import Finding

_GIB = 2.0**30
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
SCARCE_MEMORY, SCARCE_DISK, FULL_DISK = 2.0, 1.0, 0.1
"""GiB: a framework with a small problem takes half a GiB, a run writes a few MiB."""


def machine(store: Path) -> Iterator[Finding]:
    """Look at the machine.

    Arguments:
        store: where results would be kept; it need not exist.
    """
    cores, usable = psutil.cpu_count(logical=False) or psutil.cpu_count() or 1, _usable()
    yield Finding(
        topic="machine", state="ok",
        text=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, {cores} cores, "
        f"{usable} of their threads usable here.",
    )  # fmt: skip
    load = psutil.getloadavg()[0]
    if load > 1.5 * usable:
        yield Finding(
            topic="machine", state="warning",
            text=f"The load is {load:.1f} on {usable} usable threads: other work is going on.",
            advice="Expect longer times, and trust no timing, until it is over.",
        )  # fmt: skip
    memory = psutil.virtual_memory()
    scarce = memory.available < SCARCE_MEMORY * _GIB
    yield Finding(
        topic="machine", state="warning" if scarce else "ok",
        text=f"{memory.available / _GIB:.1f} of {memory.total / _GIB:.1f} GiB of memory are free.",
        advice="Use fewer workers (--workers 1) or set --memory, so that one cell ends rather than the run."
        if scarce else "",
    )  # fmt: skip
    yield _disk(store)
    for name in _THREADS:
        if name in os.environ:
            yield Finding(
                topic="machine", state="note",
                text=f"{name} = {os.environ[name]} is set; workers of jamharness ignore it and take --threads.",
            )  # fmt: skip


def _disk(store: Path) -> Finding:
    nearest = next(path for path in (store, *store.parents) if path.exists())
    free = shutil.disk_usage(nearest).free / _GIB
    state = "problem" if free < FULL_DISK else "warning" if free < SCARCE_DISK else "ok"
    return Finding(
        topic="machine", state=state, text=f"{free:.1f} GiB are free where the store is ({nearest}).",
        advice="" if state == "ok" else "Make room, or name a store elsewhere with --store DIR.",
    )  # fmt: skip


def _usable() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
