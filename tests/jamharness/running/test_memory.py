"""The host holds no array that nobody asks for: a run may measure more than its memory."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

PLUGIN = """
    import resource
    from dataclasses import dataclass
    import numpy as np
    from jamharness.api import (
        BackendSpec, Backend, Cell, CellResult, Estimate, Findings, ProtocolSpec, hookimpl, setting,
    )

    @hookimpl
    def jamharness_protocols():
        return [ProtocolSpec(name="bulk", factory="bulk_plugin:Bulk")]

    @dataclass(frozen=True, kw_only=True)
    class Settings:
        cells: int = setting(60, help="how many")

    class Bulk:
        Settings = Settings
        observables = {}
        presets = {}

        def plan(self, settings, done):
            if len(done) == settings.cells:
                return []
            return [Cell(task="bulk", coordinates={"number": n}) for n in range(settings.cells)]

        def measure(self, cell, needed, backend, progress):
            n = cell.coordinates["number"]
            return CellResult(values={"n": n}, arrays={"w": np.full(2**19, float(n)), "small": np.array([n])})

        def analyse(self, settings, done):
            held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            total = sum(int(item.result.arrays["small"][0]) for item in done)
            mean = sum(float(item.result.arrays["w"].mean()) for item in done)
            estimates = {
                name: Estimate(value=float(value), count=len(done))
                for name, value in {"held": held, "total": total, "mean": mean}.items()
            }
            return Findings(estimates=estimates, tables={})

        def draw(self, findings):
            return {}
"""
SCRIPT = """
import json, resource
import matplotlib.pyplot, pandas  # what a run imports anyway
from jamharness.running import open_run, run
peaks = [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]
for make in (lambda: run("bulk", backend="toy", store={store!r}, workers=1),
             lambda: run("bulk", backend="toy", store={store!r}, workers=1)):
    done = make()
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
estimates = {{name: item.value for name, item in done.estimates["bulk"].items()}}
print(json.dumps([peaks, estimates, done.protocols["bulk"].cells]))
"""


def test_a_run_of_large_cells_does_not_hold_their_arrays(
    lab: Any, plugin_distribution: Callable[..., Path], monkeypatch: Any
) -> None:
    """60 cells of 4 MiB, measured and then read again, and analysed: the host grows by less than half of them."""
    folder = plugin_distribution("bulk", {"bulk_plugin": PLUGIN}, {"bulk": "bulk_plugin"})
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=":")
    process = lab.start(SCRIPT.format(store=str(lab.store)))
    output, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors
    peaks, estimates, cells = json.loads(output.splitlines()[-1])
    assert cells == {"done": 60, "failed": 0, "reused": 60}
    assert estimates["total"] == estimates["mean"] == sum(range(60))
    growth = [(peak - peaks[0]) / 1024 for peak in peaks[1:]]
    assert max(growth) < 120, "MiB, while 240 MiB were measured, and after they were read again"
