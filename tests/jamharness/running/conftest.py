"""A laboratory: a distribution with a protocol, a backend and data sets that cost nothing, and misbehave on demand."""

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

MODULES = {
    "jamlab.plugin": """
        from jamharness.api import BackendSpec, DatasetSpec, ProtocolSpec, hookimpl

        @hookimpl
        def jamharness_backends():
            return [
                BackendSpec(name="toy", factory="jamlab.backend:Toy", environment={"JAMLAB_FLAG": "set"}),
                BackendSpec(
                    name="toy-native", factory="jamlab.backend:Native", capabilities=frozenset({"protocol:drift"})
                ),
                BackendSpec(name="toy-broken", factory="jamlab.backend:Broken"),
                BackendSpec(name="toy-absent", factory="jamlab.nothing:Nothing"),
            ]

        @hookimpl
        def jamharness_protocols():
            return [
                ProtocolSpec(name="drift", factory="jamlab.protocol:Drift"),
                ProtocolSpec(name="echo", factory="jamlab.protocol:Echo"),
                ProtocolSpec(
                    name="pair", factory="jamlab.pair:Pair",
                    tasks={"walk": "jamlab.walk:measure", "sum": "jamlab.sums:measure", "sly": "jamlab.sly:measure"},
                ),
                ProtocolSpec(name="walks", factory="jamlab.pair:Walks", tasks={"walk": "jamlab.walk:measure"}),
            ]

        @hookimpl
        def jamharness_datasets():
            names = ("points", "nan", "needy", "wrong", "lines", "dies", "ends", "leaves", "talks", "hangs")
            return [DatasetSpec(name=name, factory=f"jamlab.data:{name}") for name in names]
    """,
    "jamlab.watcher": """
        from jamharness.api import hookimpl
        from pathlib import Path
        import os

        @hookimpl
        def jamharness_run_finished(run):
            if os.environ.get("JAMLAB_WATCHER") == "raise":
                raise RuntimeError("the tracker is down")
            if os.environ.get("JAMLAB_WATCHER"):
                Path(os.environ["JAMLAB_WATCHER"]).write_text(run.name)
    """,
    "jamlab.backend": """
        import os
        from jamharness.api import Backend, CellResult

        class Toy(Backend):
            name = "toy"

            def problem(self, network, x, y, loss=None):
                raise NotImplementedError

            def describe(self):
                return {"flag": os.environ.get("JAMLAB_FLAG"), "threads": os.environ.get("OMP_NUM_THREADS")}

        class Native(Toy):
            def measure_drift(self, cell, needed):
                return CellResult(values={"x": 1.0, "native": True})

        class Broken(Toy):
            def __init__(self, **options):
                raise OSError("libtoy.so is missing")
    """,
    "jamhelper": """
        OFFSET = 1.0
    """,
    "jamsly": """
        VALUE = 1.0
    """,
    "jamlab.walk": """
        import os
        from jamharness.api import CellResult, generator
        from jamhelper import OFFSET

        def measure(cell, needed, backend, progress):
            seed = cell.coordinates["seed"]
            if seed == cell.coordinates["trouble"]:
                raise ValueError("lost its way")
            if log := os.environ.get("JAMLAB_LOG"):
                with open(log, "a") as file:
                    file.write(f"walk {seed}\\n")
            steps = generator("walk", seed).standard_normal(5) + OFFSET
            return CellResult(values={"end": float(steps.sum())}, arrays={"steps": steps})
    """,
    "jamlab.sums": """
        import os
        from jamharness.api import CellResult

        def measure(cell, needed, backend, progress):
            if log := os.environ.get("JAMLAB_LOG"):
                with open(log, "a") as file:
                    file.write(f"sum {cell.coordinates['seed']}\\n")
            first, second = needed
            total = first.arrays["steps"].sum() - 2 * second.arrays["steps"].sum()
            return CellResult(values={"total": float(total), "inputs": cell.system.inputs, "margin": cell.loss.margin})
    """,
    "jamlab.sly": """
        import importlib
        from jamharness.api import CellResult

        def measure(cell, needed, backend, progress):
            return CellResult(values={"total": importlib.import_module("jam" + "sly").VALUE})
    """,
    "jamlab.pictures": """
        COLOUR = "red"
    """,
    "jamlab.pair": """
        from dataclasses import dataclass
        from jamharness.api import Cell, Estimate, Findings, Network, Observable, QuadraticHinge, setting
        from jamlab import pictures

        @dataclass(frozen=True, kw_only=True)
        class Settings:
            seeds: int = setting(3, help="sums; each needs two walks, and neighbours share one")
            trouble: int = setting(-1, help="the walk that fails")
            task: str = setting("sum", help="what to plan")

        class Pair:
            Settings = Settings
            observables = {"total": Observable(unit="", meaning="sum", source="none", comparison="exact")}
            presets = {}

            def plan(self, settings, done):
                tried = {f.cell.coordinates["seed"] for f in done if f.cell.task == settings.task}
                return [self.cell(settings, seed) for seed in range(settings.seeds) if seed not in tried]

            def cell(self, settings, seed):
                walks = tuple(
                    Cell(task="walk", coordinates={"seed": s, "trouble": settings.trouble}, label=f"walk {s}")
                    for s in (seed, seed + 1)
                )
                return Cell(
                    task=settings.task, system=Network(inputs=7), loss=QuadraticHinge(margin=0.5),
                    coordinates={"seed": seed}, needs=walks, label=f"sum {seed}",
                )

            def analyse(self, settings, done):
                totals = [f.result.values["total"] for f in done if f.result and "total" in f.result.values]
                return Findings(
                    estimates={"total": Estimate(value=sum(totals), count=len(done))}, tables={}
                )

            def draw(self, findings):
                return {}

        class Walks(Pair):
            def plan(self, settings, done):
                cells = [walk for seed in range(settings.seeds) for walk in self.cell(settings, seed).needs]
                return [cell for cell in cells if not any(f.cell == cell for f in done)]
    """,
    "jamlab.data": """
        import os, signal, sys, time
        from pathlib import Path
        import numpy as np
        from jamharness.api import BadInput, Patterns, generator

        def points(request):
            if request.patterns > 100:
                raise BadInput(f"patterns = {request.patterns}: 'points' has 100; experiment for at most that many.")
            x = generator("points", request.seed).standard_normal((request.patterns, request.inputs))
            y = np.where(np.arange(request.patterns) % 2, 1.0, -1.0)
            return Patterns(x=x, y=y, x_test=x[:0], y_test=y[:0])

        def nan(request):
            x = np.full((4, request.inputs), np.nan)
            return Patterns(x=x, y=np.ones(4), x_test=x[:0], y_test=x[:0, 0])

        def needy(request):
            import a_library_that_is_not_there

        def wrong(request):
            return "patterns"

        def lines(request):
            x = np.load(Path(request.folder) / "x.npy")
            return Patterns(x=x, y=np.where(np.arange(len(x)) % 2, 1.0, -1.0), x_test=x[:0], y_test=x[:0, 0])

        def dies(request):
            os.kill(os.getpid(), signal.SIGSEGV)

        def ends(request):
            os._exit(0)

        def leaves(request):
            sys.exit(3)

        def talks(request):
            print("{this is no JSON", flush=True)
            os.write(1, b"nor is this\\n")
            return points(request)

        def hangs(request):
            Path(os.environ["JAMLAB_LOG"]).with_name("hangs").write_text(str(os.getpid()))
            time.sleep(600)
    """,
    "jamlab.protocol": """
        import math, os, signal, sys, time
        from dataclasses import dataclass
        from pathlib import Path

        import numpy as np
        from jamharness.api import (
            Cell, CellResult, DataRequest, Estimate, Findings, NotSupported, Observable, generator, setting,
        )

        @dataclass(frozen=True, kw_only=True)
        class Settings:
            seeds: int = setting(3, help="how many")
            steps: int = setting(2, help="cells one after the other")
            seed: int = setting(0, help="first seed")
            pause: float = setting(0.0, help="seconds per cell")
            trouble: str = setting("", help="what happens in step 1 of seed 1")
            dataset: str = setting("points", help="data")
            folder: str = setting("", help="where files lie")
            patterns: int = setting(8, help="patterns")
            sizes: tuple[int, ...] = setting((2, 3), help="a tuple")

            def problems(self):
                return [f"seeds = {self.seeds}: at least 1."] if self.seeds < 1 else []

        class Drift:
            Settings = Settings
            observables = {"drift": Observable(unit="", meaning="mean", source="none", comparison="exact")}
            presets = {"quick": {"seeds": 1}, "paper": {"seeds": 5}}

            def plan(self, settings, done):
                if settings.trouble == "plan":
                    raise ZeroDivisionError("plan")
                if settings.trouble == "late plan" and len(done) >= 3:
                    raise ZeroDivisionError("late plan")
                found = {(f.cell.coordinates["seed"], f.cell.coordinates["step"]): f for f in done}
                cells = []
                for seed in range(settings.seed, settings.seed + settings.seeds):
                    start = 0.0
                    for step in range(settings.steps):
                        last = found.get((seed, step))
                        if last is None:
                            cells.append(self._cell(settings, seed, step, start))
                            break
                        if last.result is None:
                            break
                        start = last.result.values["x"]
                return cells

            def _cell(self, settings, seed, step, start):
                trouble = settings.trouble if (seed, step) == (1, 1) else ""
                return Cell(
                    task="drift",
                    coordinates={
                        "seed": seed, "step": step, "start": start, "pause": settings.pause, "trouble": trouble,
                        "sizes": settings.sizes,
                    },
                    dataset=DataRequest(dataset=settings.dataset, inputs=2, patterns=settings.patterns, seed=seed,
                                        folder=settings.folder or None),
                    label=f"seed {seed} step {step}",
                )

            def measure(self, cell, needed, backend, progress):
                c = cell.coordinates
                progress(f"at {c['start']:.3f}")
                trouble = c["trouble"]
                if trouble and (attempts := os.environ.get("JAMLAB_ATTEMPTS")):
                    with open(attempts, "a") as file:
                        file.write(f"{os.getpid()}\\n")
                if trouble == "hang":
                    time.sleep(600)
                if trouble == "hog":
                    hoard = []
                    for _ in range(100):
                        hoard.append(np.ones(2**23))  # 64 MiB each
                        time.sleep(0.05)
                if trouble == "no memory":
                    import resource

                    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
                    np.ones(2**31)
                if trouble == "raise":
                    raise ValueError("no convergence")
                if trouble == "lack":
                    raise NotSupported("toy has no hessian; use another.")
                if trouble == "kill":
                    os.kill(os.getpid(), signal.SIGKILL)
                if trouble == "type":
                    return {"x": 1.0}
                if trouble == "tensor":
                    return CellResult(values={"x": 1.0, "tensor": object()})
                if trouble.startswith("until:") and not Path(trouble[6:]).exists():
                    raise RuntimeError("not yet")
                time.sleep(c["pause"])
                if log := os.environ.get("JAMLAB_LOG"):
                    with open(log, "a") as file:
                        file.write(f"{c['seed']} {c['step']}\\n")
                noise = generator("drift", c["seed"], c["step"]).standard_normal(3)
                x = c["start"] / 3 + float(noise.sum()) + float(cell.data.x.sum()) / 7
                values = {"x": np.float64(x), "worst": math.nan, "bound": math.inf, "pair": (1, 2)}
                return CellResult(values=values, arrays={"noise": noise, "count": np.array(3)})

            def analyse(self, settings, done):
                import pandas as pd

                if settings.trouble == "analyse":
                    raise KeyError("column")
                rows = [
                    {"label": f.cell.label, **f.cell.coordinates, "x": f.result.values["x"] if f.result else None,
                     "failure": f.failure}
                    for f in done
                ]
                total = 0.0
                for f in done:
                    if f.result:
                        total = total * 0.99 + f.result.values["x"] / 3  # the order matters to the last bits
                arrays = [f.result.arrays["noise"] for f in done if f.result and "noise" in f.result.arrays]
                return Findings(
                    estimates={"drift": Estimate(value=total, low=-math.inf, high=None, count=len(rows), note="mean")},
                    tables={"trials": pd.DataFrame(rows)},
                    arrays={"noise": np.array(arrays)},
                    objection="It did not converge; try more steps." if settings.trouble == "object" else "",
                )

            def draw(self, findings):
                from matplotlib.figure import Figure

                figure = Figure()
                figure.add_subplot().plot([1, 2, 3])
                return {"drift of x": figure}

        class Echo(Drift):
            '''The same cells, asked for by another protocol.'''

            @dataclass(frozen=True, kw_only=True)
            class Settings(Settings):
                volume: int = setting(1, help="of its own")

            def draw(self, findings):
                raise RuntimeError("no paper")
    """,
}
ENTRIES = {"jamlab": "jamlab.plugin", "jamlab-watcher": "jamlab.watcher"}


@dataclass
class Lab:
    """Where runs are made: in this process or in another."""

    folder: Path
    log: Path
    store: Path

    def run(self, **options: Any) -> Any:
        from jamharness.running import run

        arguments: dict[str, Any] = {"protocols": "drift", "backend": "toy", "store": self.store, "workers": 2}
        arguments |= options
        return run(arguments.pop("protocols"), **arguments)

    def measured(self) -> int:
        """How many measurements were made so far, in any process."""
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0

    def start(self, script: str, **options: Any) -> "subprocess.Popen[str]":
        """Start a script in a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, **options,
        )  # fmt: skip

    def workers(self) -> list[int]:
        """Worker processes of this laboratory that are alive, in any process tree."""
        pids = []
        for process in psutil.process_iter(["pid", "status", "cmdline"]):
            try:
                working = process.info["status"] != psutil.STATUS_ZOMBIE
                if "jamharness.execution.worker" not in (process.info["cmdline"] or ()) or not working:
                    continue
                if process.environ().get("JAMLAB_LOG") == str(self.log):
                    pids.append(process.info["pid"])
            except psutil.Error:
                continue
        return pids


def until(condition: Callable[[], object], seconds: float = 30.0) -> bool:
    """Whether a condition comes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return bool(condition())


@pytest.fixture(scope="session")
def laboratory() -> tuple[dict[str, str], dict[str, str]]:
    """The modules of the laboratory and its entry points."""
    return MODULES, ENTRIES


@pytest.fixture
def lab(plugin_distribution: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """The laboratory, installed for this process and those that it starts."""
    folder = plugin_distribution("jamlab", MODULES, ENTRIES)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
    monkeypatch.setenv("JAMLAB_LOG", str(tmp_path / "log"))
    monkeypatch.delenv("JAMLAB_WATCHER", raising=False)
    new_lab = Lab(folder=folder, log=tmp_path / "log", store=tmp_path / "store")
    yield new_lab
    for name in [name for name in sys.modules if name.startswith(("jamlab", "jamhelper", "jamsly"))]:
        del sys.modules[name]
    assert until(lambda: not new_lab.workers(), 10), "workers were left behind"
