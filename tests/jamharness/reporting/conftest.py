"""Runs to report: a real protocol over cells that were written and not measured, so that there can be thousands."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jamharness_protocols.jamming.protocol import Jamming, Search, searches, trial

from jamharness.api import CellResult
from jamharness.plugins import Plugins
from jamharness.running import Run, open_run
from jamharness.running.encoding import CellEncoding
from jamharness.running.experiments import plain_settings
from jamharness.store import RunRecord, Store

LOADS = (1.5, 2.0, 2.5, 3.0, 3.5)


def _written(root: Path, name: str, seeds: int, width: int = 40, backend: str = "torch") -> Run:
    """A run of ``jamming`` at the papers' size: five loads for each seed, as if the transition were near 2.75."""
    plugins, store = Plugins.load(), Store(root)
    settings = Jamming.Settings(seeds=seeds, width=width, minimiser="adam")
    encoding, draw = CellEncoding(plugins), np.random.default_rng(width)
    keys = [
        _put(store, encoding, settings, search, load, draw, backend) for search in searches(settings) for load in LOADS
    ]
    plain = plain_settings({key: getattr(settings, key) for key in Jamming.Settings.__dataclass_fields__})
    record = RunRecord(
        name=name, created="2026-01-02T03:04:05+00:00", status="finished", protocols={"jamming": plain},
        backend=backend, cells={"jamming": keys}, spent={"jamming": 12.0}, version="0.1.0",
        environment={"python": "3.11", "executable": str(Path.home() / "bin" / "python"), "backend": {"name": backend}},
    )  # fmt: skip
    store.write_run(record)
    return open_run(name, root, plugins=plugins)


def _put(
    store: Store, encoding: CellEncoding, settings: Any, search: Search, load: float, draw: Any, backend: str
) -> str:
    """One cell of a run, with a loss that says how it ended."""
    cell = trial(settings, search, 2 * round(load * search.axis.start / settings.first_ratio / 2))
    over = load + 0.3 * draw.standard_normal() > 2.75
    system, patterns = cell.system, cell.coordinates["patterns"]
    unsatisfied = round((0.5 + 0.3 * draw.random()) * system.size) if over else 0
    values = {
        "outcome": "minimum" if over else "satisfied", "unsatisfied": unsatisfied, "loss": 0.01 * over,
        "certificate": 1e-12, "balance": 1e-12 if over else None, "decline": None, "slope": None, "pinned": 0,
        "kinks": 0, "kinked": 0, "clarke": None, "resting": None, "iterations": 100, "factorisations": 120,
        "seconds": 0.5, "reason": 'forces, "all" of them, balance', "weights": system.weights,
        "parameters": system.size,
    }  # fmt: skip
    identity = {"cell": encoding.encode(cell), "backend": backend}
    store.put(store.key(identity), identity, CellResult(values=values), 0.5, f"P = {patterns}")
    return store.key(identity)


@pytest.fixture(scope="session")
def written() -> Callable[..., Run]:
    """A function that writes a run into a store: its name, its seeds, the width and the backend."""
    return _written


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of 30 cells."""
    return _written(tmp_path_factory.mktemp("small") / "store", "small", 6)


@pytest.fixture(scope="session")
def pair(small: Run) -> list[Run]:
    """Two runs of one store, of two widths."""
    return [small, _written(small.store, "larger", 6, width=50)]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a screen; a test that needs it is left out where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser")
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("no Chromium is installed")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield opened
        opened.close()
