"""The plugin that is attacked: a protocol, a backend and a data set that compute in no time, and misbehave on demand.

What goes wrong is chosen by the variable ``TOY_FAULT=PLACE:HOW``, which is in no cell's key, so that the numbers of an
undisturbed run are the truth for a disturbed one.
"""

from collections.abc import Mapping
from pathlib import Path

FAULTS = '''
"""Where TOY_FAULT strikes."""

import ctypes
import os
import sys
import time
from pathlib import Path


def _once():
    """Whether this is the first strike, where only one is wanted."""
    mark = os.environ.get("TOY_ONCE")
    if not mark:
        return True
    try:
        Path(mark).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _fork():
    if os.fork() == 0:
        time.sleep(3)
        os._exit(0)


def _throw(error):
    raise error


class Unspeakable(Exception):
    def __str__(self):
        raise ValueError("cannot be said")


class Own(BaseException):
    pass


DEEDS = {
    "segfault": lambda: ctypes.string_at(0),
    "exit": lambda: sys.exit(0),
    "exit3": lambda: sys.exit(3),
    "vanish": lambda: os._exit(0),
    "hang": lambda: time.sleep(600),
    "print": lambda: print('{"a stray": "print"}', flush=True),
    "write": lambda: os.write(1, b'{"a stray": "write"}\\n'),
    "raise": lambda: _throw(ValueError("oops")),
    "interrupt": lambda: _throw(KeyboardInterrupt()),
    "own": lambda: _throw(Own("mine")),
    "stop": lambda: _throw(StopIteration("enough")),
    "recursion": lambda: _throw(RecursionError("too deep")),
    "unspeakable": lambda: _throw(Unspeakable()),
    "long": lambda: _throw(ValueError("x" * 50_000_000)),
    "escapes": lambda: _throw(ValueError("\\x1b[31mred\\x1b[0m\\x07")),
    "flood": lambda: [os.write(1, b"x" * 1_000_000) for _ in range(200)],
    "close": lambda: os.closerange(3, 100),
    "closeall": lambda: os.closerange(0, 100),
    "fork": _fork,
    "chdir": lambda: os.chdir("/"),
    "environ": lambda: os.environ.clear(),
    "memory": lambda: _throw(MemoryError()),
    "stdout": lambda: setattr(sys, "stdout", None),
}


def fault(place):
    """How to misbehave here; empty for well."""
    where, _, how = os.environ.get("TOY_FAULT", "").partition(":")
    return how if where == place else ""


def strike(place):
    """Misbehave, if this is the place and the way is one that fits any place."""
    how = fault(place)
    if how in DEEDS and _once():
        DEEDS[how]()
    return how
'''

PLUGIN = '''
"""What the distribution offers."""

from toy_faults import strike
from jamharness.api import BackendSpec, DatasetSpec, ProtocolSpec, hookimpl

strike("plugin")


@hookimpl
def jamharness_protocols():
    strike("offer")
    return [ProtocolSpec(name="toy", factory="toy_protocol:Toy", summary="losses at initial weights")]


@hookimpl
def jamharness_backends():
    return [BackendSpec(name="toy", factory="toy_backend:ToyBackend", distributions=("numpy",))]


@hookimpl
def jamharness_datasets():
    return [DatasetSpec(name="toy", factory="toy_data:load", distributions=("numpy",))]


@hookimpl
def jamharness_describe_environment():
    return {"nan": {"where": float("nan")}, "nothing": None, "number": 3, "escapes": {"\\x1b[31m": "\\x1b[31m"}}.get(
        strike("describe"), {"where": "nowhere"}
    )


@hookimpl
def jamharness_run_finished(run):
    how = strike("finished")
    if how == "mutate":
        for estimates in run.estimates.values():
            for name in list(estimates):
                try:
                    object.__setattr__(estimates[name], "value", 42.0)
                except Exception:
                    pass
                try:
                    estimates[name] = None
                except Exception:
                    pass
    if how == "clear":
        for what in (run.estimates, run.tables, run.protocols, run.environment, run.files):
            for part in (what, *(getattr(what, "values", list)())):
                try:
                    part.clear()
                except Exception:
                    pass
    if how == "rename":
        object.__setattr__(run, "name", "other")
        object.__setattr__(run, "status", "failed")
'''

PROTOCOL = '''
"""A protocol in two rounds: the second asks for what the first makes it ask for, as a bisection does."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from toy_faults import fault, strike
from toy_helper import SCALE
from jamharness.api import (
    Cell, CellResult, DataRequest, Estimate, Findings, Network, Observable, generator, setting,
)

strike("import")


@dataclass(frozen=True, kw_only=True)
class Settings:
    seeds: int = setting(3, help="How many draws.")
    seed: int = setting(0, help="The first seed.")
    patterns: int = setting(8, help="P of the first round.")
    inputs: int = setting(3, help="d.")
    dataset: str = setting("random", help="a name from `jamharness datasets`")
    folder: "str | None" = setting(None, help="where the files of a data set lie")

    def problems(self):
        strike("problems")
        wrong = [f"seeds = {self.seeds}: ask for 1 to 1000."] if not 1 <= self.seeds <= 1000 else []
        return wrong + ([f"patterns = {self.patterns}: ask for at least 2."] if self.patterns < 2 else [])


class Toy:
    Settings = Settings
    observables = {
        name: Observable(unit="", meaning="A mean.", source="none", comparison="exact")
        for name in ("loss", "unsatisfied", "gradient")
    }
    presets = {"quick": {"seeds": 2}}

    def __init__(self):
        strike("construct")

    def plan(self, settings, done):
        how = strike("plan")
        if how:
            wrong = {"none": None, "texts": ["cell"], "number": 3}
            if how in wrong:
                return wrong[how]
        first = {cell.cell.coordinates["seed"]: cell for cell in done if cell.cell.coordinates["round"] == 1}
        cells = [self._cell(settings, seed, 1, settings.patterns) for seed in self._seeds(settings)]
        for seed, cell in first.items():
            if cell.result:
                more = 2 * settings.patterns + 2 * int(cell.result.values["unsatisfied"])
                cells.append(self._cell(settings, seed, 2, more))
        if how == "twice":
            cells += cells
        if how == "object":
            return [Cell(task="toy", coordinates={"seed": object(), "round": 1, "patterns": 2})]
        if how == "foreign":
            return [Cell(task="nowhere", coordinates={"seed": 1, "round": 1, "patterns": 2})]
        known = {(cell.cell.coordinates["seed"], cell.cell.coordinates["round"]) for cell in done}
        return [cell for cell in cells if (cell.coordinates["seed"], cell.coordinates["round"]) not in known]

    def _seeds(self, settings):
        return range(settings.seed, settings.seed + settings.seeds)

    def _cell(self, settings, seed, turn, patterns):
        data = DataRequest(
            dataset=settings.dataset, inputs=settings.inputs, patterns=patterns, seed=seed, folder=settings.folder
        )
        return Cell(
            task="toy", coordinates={"seed": seed, "round": turn, "patterns": patterns}, dataset=data,
            label=f"seed {seed} P {patterns}",
        )

    def measure(self, cell, needed, backend, progress):
        how = strike("measure")
        progress("weighing")
        time.sleep(float(os.environ.get("TOY_PAUSE", "0")))
        x, y = cell.data.first(cell.coordinates["patterns"])
        network = Network(inputs=x.shape[1], width=3, depth=1)
        problem = backend.problem(network, x, y)
        w = network.initial(cell.coordinates["seed"], "normal")
        unsatisfied = int((problem.margins(w) > 0).sum())
        loss, gradient = problem.loss_and_gradient(w)
        values = {"loss": SCALE * float(loss), "unsatisfied": unsatisfied, "gradient": float(gradient @ gradient)}
        wrong = {
            "none": lambda: None,
            "values": lambda: CellResult(values=[1, 2], arrays={}),
            "object": lambda: CellResult(values={**values, "more": object()}),
            "keys": lambda: CellResult(values={3: 4, **values}),
            "objects": lambda: CellResult(values=values, arrays={"w": __import__("numpy").array([object()])}),
            "notarray": lambda: CellResult(values=values, arrays={"w": "text"}),
            "deep": lambda: CellResult(values={**values, "more": _deep()}),
        }
        return wrong.get(how, lambda: CellResult(values=values, arrays={"w": w, "gradient": gradient}))()

    def analyse(self, settings, done):
        import pandas as pd

        how = strike("analyse")
        wrong = {"none": None, "text": "findings"}
        if how in wrong:
            return wrong[how]
        rows = [dict(cell.result.values) for cell in done if cell.result]
        estimates = {}
        for name in self.observables:
            values = [row[name] for row in rows]
            mean = sum(values) / len(values) if values else None
            low, high = (min(values), max(values)) if values else (None, None)
            estimates[name] = Estimate(value=mean, low=low, high=high, count=len(values))
        if how == "misspelt":
            estimates["unsatisifed"] = estimates.pop("unsatisfied")
        if how == "notestimates":
            estimates = {"loss": 3.0}
        if how == "textvalue":
            estimates["loss"] = Estimate(value="3", count=3)
        if how == "mutate":
            for cell in done:
                if cell.result:
                    cell.result.values["loss"] = 42.0
        table = "table" if how == "nottable" else pd.DataFrame(rows)
        name = "../../out" if how == "path" else "rows"
        objection = 3 if how == "objection" else "" if rows else "Nothing was measured; run it again."
        return Findings(estimates=estimates, tables={name: table}, objection=objection)

    def draw(self, findings):
        how = strike("draw")
        return {"none": None, "notfigures": {"rows": 3}, "path": {"../../out": 3}}.get(how, {})


def _deep():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    return deep
'''

HELPER = '''
"""A module of its own, as plugins have them."""

SCALE = 1.0
'''

BACKEND = '''
"""The NumPy backend, with what a stranger gets wrong."""

import numpy as np

from toy_faults import strike
from toy_backend_helper import SIGN
from jamharness.api import Backend
from jamharness_numpy.backend import NumpyBackend, NumpyProblem

strike("backend")


class ToyBackend(Backend):
    name = "toy"

    def __init__(self, **keywords):
        strike("backend construct")
        super().__init__(**keywords)
        self._numpy = NumpyBackend(**keywords)

    def problem(self, network, x, y, loss=None):
        return ToyProblem(self, self._numpy.problem(network, x, y, loss))

    def describe(self):
        return {"none": None, "object": {"what": object()}, "text": "toy"}.get(
            strike("backend describe"), {"backend": "toy"}
        )

    def synchronize(self):
        strike("synchronize")


class ToyProblem(NumpyProblem):
    def __init__(self, backend, inner):
        super().__init__(backend, inner.network, inner.x, inner.y, inner.loss)

    def margins(self, w):
        how, right = strike("margins"), SIGN * super().margins(w)
        return {
            "half": right[::2],
            "column": right[:, None],
            "nan": np.full_like(right, np.nan),
            "onenan": np.where(np.arange(len(right)) == 0, np.nan, right),
            "inf": np.full_like(right, np.inf),
            "list": list(right),
            "float32": right.astype(np.float32),
            "integers": right.astype(int),
            "complex": right + 0j,
            "objects": right.astype(object),
            "text": right.astype(str),
            "none": None,
            "scalar": right[0],
        }.get(how, right)

    def loss_and_gradient(self, w):
        how = strike("gradient")
        loss, gradient = super().loss_and_gradient(w)
        return {
            "short": (loss, gradient[:-1]),
            "column": (loss, gradient[:, None]),
            "nan": (loss, np.full_like(gradient, np.nan)),
            "lossnan": (float("nan"), gradient),
            "lossinf": (float("inf"), gradient),
            "lossarray": (np.array([loss, loss]), gradient),
            "losstext": (str(loss), gradient),
            "one": gradient,
            "none": None,
            "complex": (loss, gradient + 0j),
            "swapped": (gradient, loss),
        }.get(how, (loss, gradient))
'''

BACKEND_HELPER = '''
"""A helper module of the backend."""

SIGN = 1.0
'''

DATA = '''
"""A data set of half-integers, with what a stranger gets wrong."""

import numpy as np

from toy_faults import strike
from toy_data_helper import SHIFT
from jamharness.api import Patterns, generator

strike("data import")


def load(request):
    how = strike("data")
    P, d = request.patterns, request.inputs
    x = generator("toy", request.seed).integers(-9, 10, (P, d)) / 2 + SHIFT
    y = np.where(np.arange(P) % 2, 1.0, -1.0)
    none = {"x_test": np.empty((0, d)), "y_test": np.empty(0)}
    if how == "none":
        return None
    if how == "pair":
        return x, y
    if how == "nan":
        x[0, 0] = np.nan
    if how == "labels":
        y[0] = 0
    if how == "short":
        x, y = x[: P // 2], y[: P // 2]
    if how == "unequal":
        x = x[:-1]
    if how == "wide":
        x = np.hstack([x, x])
    if how == "integers":
        x = x.astype(int)
    if how == "text":
        x = x.astype(str)
    if how == "lists":
        x, y = x.tolist(), y.tolist()
    if how == "flat":
        x = x.ravel()
    if how == "empty":
        x, y = x[:0], y[:0]
    description = {"what": object()} if how == "description" else {"source": "integers"}
    return Patterns(x=x, y=y, description=description, **none)
'''

DATA_HELPER = '''
"""A helper module of the data set."""

SHIFT = 0.0
'''

MODULES = {
    "toy_faults": FAULTS,
    "toy_plugin": PLUGIN,
    "toy_protocol": PROTOCOL,
    "toy_helper": HELPER,
    "toy_backend": BACKEND,
    "toy_backend_helper": BACKEND_HELPER,
    "toy_data": DATA,
    "toy_data_helper": DATA_HELPER,
}


def install(
    folder: Path,
    name: str = "toy",
    modules: Mapping[str, str] = MODULES,
    entry_points: Mapping[str, str] | None = None,
    version: str = "1.0",
) -> Path:
    """Put a distribution into a folder for PYTHONPATH, as pip would; returns the folder."""
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    for module, source in modules.items():
        (folder / f"{module}.py").write_text(source, encoding="utf-8")
    entries = "".join(f"{entry} = {target}\n" for entry, target in (entry_points or {name: f"{name}_plugin"}).items())
    (info / "entry_points.txt").write_text(f"[jamharness]\n{entries}", encoding="utf-8")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    # What importlib.metadata takes for the distribution's files.
    files = [*(f"{module}.py" for module in modules), f"{info.name}/METADATA", f"{info.name}/entry_points.txt"]
    (info / "RECORD").write_text("".join(f"{file},,\n" for file in [*files, f"{info.name}/RECORD"]), encoding="utf-8")
    return folder
