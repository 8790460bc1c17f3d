"""What the machine and the libraries were, for the record of a run; found without importing any of them."""

import os
import platform
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from jamharness.api import Json
from jamharness.plugins.dependencies import installed

if TYPE_CHECKING:
    from jamharness.plugins import Plugins

_LIBRARIES = ("jamharness", "numpy", "scipy", "pandas")


def describe_environment(plugins: "Plugins") -> dict[str, Json]:
    """Python, the machine, the versions of libraries, and what plugins add to it.

    Arguments:
        plugins: what is installed; their hook ``jamharness_describe_environment`` is called.

    Returns:
        JSON values; memory in GiB.
    """
    needed = [name for spec in plugins.backends.values() for name in spec.distributions]
    added = plugins.call("jamharness_describe_environment")
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": psutil.cpu_count(logical=False) or psutil.cpu_count() or 1,
        "threads": psutil.cpu_count() or 1,
        "usable_threads": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "versions": dict(installed(dict.fromkeys([*_LIBRARIES, *sorted(needed)]))),
        "plugins": {
            plugin: {str(name): str(value) for name, value in facts.items()}
            for plugin, results in added.items()
            for facts in results
            if isinstance(facts, Mapping)
        },
    }


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
