"""Runs that are stopped: nothing that was done is lost, nothing is left running, and the numbers are the same."""

import os
import random
import re
import signal
import time
from typing import Any

import pytest

from jamharness.running import list_runs, open_run, resume, run
from jamharness.store import Store

SETTINGS = {"pause": 0.05, "seeds": 5, "steps": 8}
SCRIPT = """
import sys
from jamharness.running import Interrupted, run
try:
    run("drift", backend="toy", store={store!r}, workers=2, name="mine", settings={settings!r})
except Interrupted as stop:
    print(stop.name, stop)
    sys.exit(130)
"""


def until(condition: Any, seconds: float = 30.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return bool(condition())


@pytest.fixture
def whole(lab: Any, tmp_path: Any) -> Any:
    """The same run, uninterrupted, elsewhere."""
    done = run("drift", backend="toy", store=tmp_path / "whole", workers=2, name="mine", settings=SETTINGS)
    lab.log.unlink()
    return done


def same(a: Any, b: Any) -> bool:
    part, other = (each.to_json()["protocols"]["drift"]["estimates"] for each in (a, b))
    return part == other and a.tables["drift"]["trials"].equals(b.tables["drift"]["trials"])


def test_killing_at_any_moment_loses_at_most_the_cells_in_flight(lab: Any, whole: Any) -> None:
    """With kill -9, ten times, of the program or of all processes; no worker stays, and the end is the same."""
    script = SCRIPT.format(store=str(lab.store), settings=SETTINGS)
    draw = random.Random(1)
    kills = 0
    for attempt in range(10):
        before = lab.measured()
        process = lab.start(script)
        # From before the store exists to the midst of the work.
        if attempt % 2:
            until(lambda before=before, process=process: lab.measured() > before or process.poll() is not None)
            time.sleep(draw.uniform(0, 0.2))
        else:
            time.sleep(draw.uniform(0.05, 1.2))
        if process.poll() is None:
            kills += 1
            workers = lab.workers()
            if attempt % 3 == 0:
                for pid in [*workers, process.pid]:
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        continue
            else:
                process.kill()
        process.communicate()
        assert until(lambda: not lab.workers(), 5)
        if lab.store.exists() and Store(lab.store).find_run("mine"):
            [record] = list_runs(lab.store)
            assert record.status in ("interrupted", "finished")
    assert kills >= 5
    if Store(lab.store).find_run("mine") is None:
        pytest.fail("no attempt came as far as writing a record")
    finished = resume("mine", store=lab.store)
    assert finished.protocols["drift"].cells["done"] == 40
    assert same(finished, whole)
    assert same(open_run("mine", lab.store), whole)
    assert lab.measured() <= 40 + 2 * kills
    assert not [path for path in (lab.store / "runs").iterdir() if path.suffix == ".json" and path.stem != "mine"]


def test_killing_the_workers_alone_does_not_change_the_numbers(lab: Any, whole: Any) -> None:
    """Each is replaced, and its cell tried once more."""
    process = lab.start(SCRIPT.format(store=str(lab.store), settings=SETTINGS))
    for count in (3, 12, 20):
        assert until(lambda count=count: lab.measured() >= count)
        os.kill(lab.workers()[0], signal.SIGKILL)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, (output, errors)
    assert same(open_run("mine", lab.store), whole)


def test_ctrl_c_stops_at_once_keeps_what_is_done_and_names_the_run(lab: Any, whole: Any) -> None:
    """As a terminal sends it, to the whole process group."""
    process = lab.start(SCRIPT.format(store=str(lab.store), settings={**SETTINGS, "pause": 0.2}))
    assert until(lambda: lab.measured() >= 6)
    start = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=20)
    assert time.monotonic() - start < 3
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert re.match("mine .*interrupted", output)
    assert not lab.workers()
    [record] = list_runs(lab.store)
    assert (record.status, record.name) == ("interrupted", "mine")
    interrupted_run = open_run("mine", lab.store)
    assert interrupted_run.status == "interrupted"
    done = interrupted_run.protocols["drift"].cells["done"]
    # Two workers, and what was under way to the store.
    assert lab.measured() - 2 <= done <= lab.measured()
    assert done >= 4
    resumed = resume("mine", store=lab.store)
    assert resumed.protocols["drift"].cells == {"done": 40, "failed": 0, "reused": done}
    assert list_runs(lab.store)[0].status == "finished"
    assert resumed.protocols["drift"].seconds > interrupted_run.protocols["drift"].seconds


def test_a_run_of_a_process_that_is_gone_counts_as_interrupted(lab: Any) -> None:
    """Its record still says that it is running; while the process lives, it is."""
    process = lab.start(SCRIPT.format(store=str(lab.store), settings=SETTINGS))
    assert until(lambda: lab.measured() >= 3)
    assert [record.status for record in list_runs(lab.store)] == ["running"]
    process.kill()
    process.communicate()
    assert [record.status for record in list_runs(lab.store)] == ["interrupted"]
    assert Store(lab.store).run("mine").status == "running"
    assert open_run("mine", lab.store).status == "interrupted"


def test_a_store_that_fills_up_ends_the_run_with_a_sentence(lab: Any) -> None:
    """What was kept before stays."""
    script = f"""
    import resource, signal
    from jamharness.api import BadInput
    from jamharness.running import run

    class Fill:
        def __init__(self): self.count = 0
        def started(self, *_): pass
        def planned(self, *_): pass
        def said(self, *_): pass
        def finished(self, *_):
            self.count += 1
            if self.count == 3:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    try:
        run("drift", backend="toy", store={str(lab.store)!r}, workers=1, name="mine", observer=Fill())
    except BadInput as error:
        print(error)
    """
    process = lab.start(script)
    output, errors = process.communicate(timeout=60)
    assert output.startswith(f"Store {str(lab.store)!r}"), errors
    assert output.count("\n") == 1
    assert lab.run(name="mine").protocols["drift"].cells == {"done": 6, "failed": 0, "reused": 3}
