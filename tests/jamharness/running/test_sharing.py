"""Identical runs at once: each cell is computed by one of them, and none that dies holds up the others."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from jamharness.running import open_run

SCRIPT = """
import sys
from jamharness.running import run
done = run("drift", backend="toy", store={store!r}, workers={workers}, name={name!r}, settings={settings!r})
print(repr(done.estimates["drift"]["drift"].value))
"""


def until(condition: Any, seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while not (true := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    return bool(true)


def claims(store: Path) -> list[Path]:
    return list(store.glob("cells/*/*.claim"))


@pytest.mark.parametrize(("seeds", "steps", "workers"), [(4, 4, 2), (1, 6, 1)])
def test_identical_runs_at_once_compute_each_cell_once(lab: Any, seeds: int, steps: int, workers: int) -> None:
    """Four processes with as many workers as they like, also where only one cell at a time can be computed."""
    settings = {"seeds": seeds, "steps": steps, "pause": 0.2}
    scripts = [
        SCRIPT.format(store=str(lab.store), workers=workers, name=f"run-{number}", settings=settings)
        for number in range(4)
    ]
    processes = [lab.start(script) for script in scripts]
    outputs = [process.communicate(timeout=200) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, outputs
    assert len({output for output, _ in outputs}) == 1
    assert lab.measured() == seeds * steps
    assert claims(lab.store) == []


@pytest.mark.parametrize("whom", ["program", "all"])
def test_a_run_that_is_killed_delays_no_other(lab: Any, whom: str) -> None:
    """What it had begun is computed by who waits, within seconds."""
    settings = {"seeds": 1, "steps": 2, "pause": 30.0}
    first = lab.start(SCRIPT.format(store=str(lab.store), workers=1, name="first", settings=settings))
    assert until(lambda: claims(lab.store) and lab.workers())
    second = lab.start(SCRIPT.format(store=str(lab.store), workers=1, name="second", settings=settings))
    try:
        assert until(lambda: (lab.store / "runs" / "second.json").exists())
        time.sleep(1.0)
        [claim] = claims(lab.store)
        holder = claim.read_text()
        assert f'"pid": {first.pid},' in holder, "the second waits while the first computes"
        if whom == "all":
            for pid in lab.workers():
                os.kill(pid, signal.SIGKILL)
        first.kill()
        # Nobody waits for it: it is a zombie until the end of this test.
        assert until(lambda: f'"pid": {second.pid},' in "".join(path.read_text() for path in claims(lab.store)), 5)
    finally:
        os.killpg(second.pid, signal.SIGINT)
        first.communicate()
        second.communicate(timeout=30)
    assert claims(lab.store) == [], "whoever is interrupted gives back what it holds"


def test_a_cell_that_fails_is_tried_by_each_run(lab: Any) -> None:
    """Its claim is given back, and a failure is nobody else's result."""
    settings = {"seeds": 2, "steps": 2, "trouble": "raise"}
    for name in ("first", "second"):
        assert lab.run(settings=settings, name=name).protocols["drift"].cells["failed"] == 1
        assert claims(lab.store) == []
    assert open_run("first", lab.store).protocols["drift"].cells["done"] == 3


def test_a_claim_that_nobody_gives_back_holds_no_run_for_ever(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a machine that is gone: after its silence the cell is computed."""
    import jamharness.store.claims as module

    monkeypatch.setattr(module, "SILENCE", 0.5)
    run = lab.run(settings={"seeds": 2, "steps": 1})
    [path, _] = sorted(lab.store.glob("cells/*/*.json"))
    path.unlink()
    path.with_suffix(".claim").write_text('{"host": "gone", "pid": 1}')
    again = lab.run(settings={"seeds": 2, "steps": 1})
    assert again.estimates == run.estimates
    assert lab.measured() == 3
    assert claims(lab.store) == []
