"""Whether a process still runs."""

import json
import os
import socket
import subprocess
import sys
import time

import psutil
import pytest

from jamharness.store.processes import runs_still, this_process


def test_this_process_runs() -> None:
    """Its own description says so."""
    assert runs_still(this_process()) is True


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize("step", [-7200.0, 3600.0])
def test_a_clock_that_is_set_does_not_end_a_process(step: float) -> None:
    """When it started is told by ticks since the machine did, whatever the date was then."""
    assert runs_still({**this_process(), "started": psutil.Process().create_time() + step}) is True


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_another_process_of_the_same_number_is_another() -> None:
    """It started at another tick, or since another start of the machine."""
    mine = this_process()
    assert runs_still({**mine, "ticks": mine["ticks"] + 1}) is False  # type: ignore[operator]
    assert runs_still({**mine, "boot": "another"}) is False


def test_without_ticks_the_time_decides() -> None:
    """As for records of earlier versions and other systems."""
    mine = {"host": socket.gethostname(), "pid": os.getpid(), "started": psutil.Process().create_time()}
    assert runs_still(mine) is True
    assert runs_still({**mine, "started": mine["started"] - 100}) is False


def test_a_process_that_was_killed_does_not_run_though_nobody_has_waited_for_it() -> None:
    """A zombie keeps its number and the time at which it started."""
    script = "import json; from jamharness.store.processes import this_process as p; print(json.dumps(p()), flush=True)"
    process = subprocess.Popen([sys.executable, "-c", f"{script}\ninput()"], stdin=-1, stdout=-1, text=True)
    assert process.stdout is not None
    identity = json.loads(process.stdout.readline())
    assert runs_still(identity) is True
    process.kill()
    end = time.monotonic() + 10
    while runs_still(identity) and time.monotonic() < end:
        time.sleep(0.01)
    assert runs_still(identity) is False
    assert psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE
    process.communicate()
    assert runs_still(identity) is False


def test_of_another_machine_or_container_nobody_can_tell() -> None:
    """Its numbers are not ours."""
    assert runs_still({**this_process(), "host": "elsewhere"}) is None
    assert runs_still({**this_process(), "namespace": "pid:[1]"}) is None


@pytest.mark.parametrize(
    "forged", [{}, {"pid": "1"}, {"pid": True}, {"pid": 10**30}, {"pid": -1}, {"pid": [1]}, {"started": "now"}]
)
def test_a_forged_description_is_no_process_that_runs(forged: dict[str, object]) -> None:
    """Whatever types it has."""
    mine = {"host": socket.gethostname(), "pid": os.getpid()}
    assert runs_still({**mine, **forged}) is False  # type: ignore[dict-item]
