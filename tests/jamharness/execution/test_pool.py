"""Workers behind an executor: what comes back, what is tried again, and what is never left behind."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import CancelledError, as_completed, wait
from pathlib import Path
from typing import Any

import psutil
import pytest

from jamharness.api import BadInput
from jamharness.execution.messages import RemoteError, WorkerDied
from jamharness.execution.pool import LocalPool


def until(condition: Any, seconds: float = 20.0) -> bool:
    """Whether a condition comes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return bool(condition())


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_results_come_back_from_other_processes(tasks: Any) -> None:
    """Two workers, alive over many tasks, and the one thread of linear algebra that was asked for."""
    with LocalPool(2, threads=3, environment={"FLAG": "set"}) as pool:
        assert list(pool.map(tasks.add, range(20), range(20))) == [2 * i for i in range(20)]
        assert pool.submit(tasks.add, 1, b=2).result() == 3
        pids = {future.result() for future in [pool.submit(tasks.pid) for _ in range(20)]}
        assert 1 <= len(pids) <= 2
        assert os.getpid() not in pids
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            assert pool.submit(tasks.variable, name).result() == "3"
        assert pool.submit(tasks.variable, "FLAG").result() == "set"


def test_no_more_workers_start_than_there_are_tasks(tasks: Any) -> None:
    """One task after the other is work for one worker."""
    with LocalPool(8) as pool:
        assert len({pool.submit(tasks.pid).result() for _ in range(5)}) == 1
        assert len(pool._processes) == 1


def test_workers_run_at_the_same_time(tasks: Any) -> None:
    """Two of a second take less than two."""
    with LocalPool(2) as pool:
        wait([pool.submit(tasks.wait, 0.3) for _ in range(2)])  # both workers have started
        start = time.monotonic()
        wait([pool.submit(tasks.wait, 1.0) for _ in range(2)])
        assert time.monotonic() - start < 1.9


def test_an_error_comes_back_with_its_text_and_traceback(tasks: Any) -> None:
    """As itself where its class is known here, otherwise by name; the worker lives on."""
    with LocalPool(1) as pool:
        pid = pool.submit(tasks.pid).result()
        with pytest.raises(ValueError, match="no such thing") as error:
            pool.submit(tasks.fail, "no such thing").result()
        assert str(error.value) == "no such thing"
        assert "in fail" in error.value.__notes__[0]
        with pytest.raises(BadInput) as bad:
            pool.submit(tasks.refuse, "One.", "Two.").result()
        assert bad.value.problems == ("One.", "Two.")
        for task, text in (
            (tasks.fail_oddly, "jamharness_test_tasks.Odd: this and that"),
            (tasks.leave, "SystemExit: 3"),
        ):
            with pytest.raises(RemoteError) as remote:
                pool.submit(task).result()
            assert str(remote.value) == text
        assert pool.submit(tasks.pid).result() == pid


def test_what_cannot_be_pickled_is_an_error_in_the_future(tasks: Any) -> None:
    """On the way there and on the way back."""
    with LocalPool(1) as pool:
        with pytest.raises(Exception, match="pickle"):
            pool.submit(lambda: 1).result()
        with pytest.raises(Exception, match="pickle"):
            pool.submit(tasks.unpicklable).result()
        assert pool.submit(tasks.add, 1).result() == 1


def test_a_stray_print_does_not_disturb_the_conversation(tasks: Any) -> None:
    """Not even bytes on the descriptor itself, nor those of a child."""
    with LocalPool(1) as pool:
        assert pool.submit(tasks.noise).result() == "clean"
        assert pool.submit(tasks.add, 1).result() == 1


def test_progress_arrives_while_a_task_computes(tasks: Any) -> None:
    """With the task's arguments; of lines in quick succession the first is passed on."""
    heard: list[tuple[tuple[Any, ...], str]] = []
    with LocalPool(1, said=lambda args, text: heard.append((args, text))) as pool:
        assert pool.submit(tasks.report, ["one", "two"], 0.15).result() == 2
        assert heard == [((["one", "two"], 0.15), "one"), ((["one", "two"], 0.15), "two")]
        heard.clear()
        pool.submit(tasks.report, [str(i) for i in range(1000)], 0).result()
        assert 1 <= len(heard) < 20


@pytest.mark.parametrize("how", ["SIGKILL", "SIGSEGV", "SIGTERM"])
def test_a_worker_that_dies_twice_is_reported_by_its_signal(tasks: Any, how: str) -> None:
    """With its last words; other tasks go on in new workers."""
    with LocalPool(2) as pool:
        others = [pool.submit(tasks.wait, 0.05, i) for i in range(10)]
        dying = pool.submit(tasks.die, how)
        others += [pool.submit(tasks.wait, 0.05, i) for i in range(10, 20)]
        with pytest.raises(WorkerDied, match=how) as error:
            dying.result(60)
        assert "twice" in str(error.value)
        assert "last words" in str(error.value)
        assert [future.result(60) for future in others] == list(range(20))


def test_a_worker_that_dies_once_is_replaced_and_its_task_succeeds(tasks: Any, tmp_path: Path) -> None:
    """One attempt more."""
    with LocalPool(1) as pool:
        before = pool.submit(tasks.pid).result()
        assert pool.submit(tasks.die_once, str(tmp_path / "mark")).result(60) == "alive"
        assert pool.submit(tasks.pid).result() != before


def test_a_worker_killed_from_outside_is_replaced(tasks: Any, tmp_path: Path) -> None:
    """While it computes, and while it waits for work."""
    with LocalPool(1) as pool:
        os.kill(pool.submit(tasks.pid).result(), signal.SIGKILL)
        assert pool.submit(tasks.add, 1).result(60) == 1
        future = pool.submit(tasks.touch_and_wait, str(tmp_path / "pid"), 1.0)
        assert until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
        assert future.result(60) is None


def test_a_death_is_noticed_though_a_child_holds_the_stream(tasks: Any, tmp_path: Path) -> None:
    """A forked child keeps its parent's files open; that must not hang the pool."""
    with LocalPool(1) as pool, pytest.raises(WorkerDied, match="exit code 9"):
        pool.submit(tasks.fork_and_die, str(tmp_path / "child")).result(15)
    assert until(lambda: gone(int((tmp_path / "child").read_text())))


def test_a_task_that_takes_too_long_twice_is_reported(tasks: Any, tmp_path: Path) -> None:
    """Its worker ends each time; the next task has a new one."""
    start = time.monotonic()
    with LocalPool(1, limit=3.0) as pool:
        with pytest.raises(WorkerDied, match="longer than 3 s and was stopped, twice in a row; raise --limit"):
            pool.submit(tasks.touch_and_wait, str(tmp_path / "pid"), 60).result()
        assert time.monotonic() - start < 10
        assert gone(int((tmp_path / "pid").read_text()))
        assert pool.submit(tasks.add, 1).result() == 1


def test_an_interpreter_that_is_not_there_is_reported(tasks: Any, tmp_path: Path) -> None:
    """And one that cannot run jamharness, with what it said."""
    with (
        LocalPool(1, interpreter=str(tmp_path / "python")) as pool,
        pytest.raises(WorkerDied, match="cannot be started"),
    ):
        pool.submit(tasks.add, 1).result()
    bare = tmp_path / "bare"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    bare.chmod(0o755)
    with LocalPool(1, interpreter=str(bare)) as pool, pytest.raises(WorkerDied, match="No module named"):
        pool.submit(tasks.add, 1).result()


def test_shutdown_waits_for_what_was_submitted(tasks: Any) -> None:
    """Unless told to cancel what has not begun; after it nothing is taken."""
    pool = LocalPool(1)
    futures = [pool.submit(tasks.wait, 0.05, i) for i in range(4)]
    pool.shutdown()
    assert [future.result(0) for future in futures] == [0, 1, 2, 3]
    with pytest.raises(RuntimeError, match="shut down"):
        pool.submit(tasks.add, 1)
    assert not pool._processes
    pool = LocalPool(1)
    futures = [pool.submit(tasks.wait, 0.5, i) for i in range(4)]
    assert until(futures[0].running)
    pool.shutdown(cancel_futures=True)
    assert futures[0].result(0) == 0
    assert all(future.cancelled() for future in futures[1:])


def test_a_cancelled_task_is_not_begun(tasks: Any, tmp_path: Path) -> None:
    """A future in the queue can be cancelled, as of any executor."""
    with LocalPool(1) as pool:
        first = pool.submit(tasks.wait, 0.5)
        second = pool.submit(tasks.touch_and_wait, str(tmp_path / "mark"), 0)
        assert second.cancel()
        first.result()
    assert not (tmp_path / "mark").exists()
    with pytest.raises(CancelledError):
        second.result()


def test_kill_is_prompt_and_takes_the_workers_children_along(tasks: Any, tmp_path: Path) -> None:
    """Nobody waits for a task of a minute, and no future is left open."""
    pool = LocalPool(2)
    futures = [pool.submit(tasks.start_child, str(tmp_path / "child"), 60)]
    futures += [pool.submit(tasks.wait, 60) for _ in range(4)]
    assert until(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text())
    start = time.monotonic()
    pool.kill()
    assert time.monotonic() - start < 3
    assert all(future.done() for future in futures)
    assert until(lambda: gone(int((tmp_path / "child").read_text())))


PARENT = """
import sys, time
from jamharness.execution.pool import LocalPool
import jamharness_test_tasks as tasks
pool = LocalPool(2)
futures = [pool.submit(tasks.touch_and_wait, sys.argv[1] + str(i), 60) for i in range(2)]
print("ready", flush=True)
time.sleep(60)
"""


def test_no_worker_outlives_a_parent_that_is_killed(tasks: Any, tmp_path: Path) -> None:
    """Neither signal handlers nor atexit run after kill -9; the workers notice themselves, in the midst of a task."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path / "pid")], stdout=subprocess.PIPE)
    files = [tmp_path / "pid0", tmp_path / "pid1"]
    assert until(lambda: all(file.exists() and file.read_text() for file in files))
    pids = [int(file.read_text()) for file in files]
    assert not any(gone(pid) for pid in pids)
    parent.kill()
    parent.communicate()
    assert until(lambda: all(gone(pid) for pid in pids), 5)


def test_workers_ignore_ctrl_c(tasks: Any, tmp_path: Path) -> None:
    """It is for the parent to decide what to keep."""
    with LocalPool(1) as pool:
        future = pool.submit(tasks.touch_and_wait, str(tmp_path / "pid"), 0.5)
        assert until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
        pid = int((tmp_path / "pid").read_text())
        os.kill(pid, signal.SIGINT)
        assert future.result() is None
        assert os.getpgid(pid) != os.getpgid(0)


def test_hundreds_of_tasks_from_several_threads(tasks: Any) -> None:
    """Nothing is lost, nothing is done twice."""
    with LocalPool(3) as pool:
        futures = {pool.submit(tasks.add, i): i for i in range(300)}
        assert sorted(future.result() for future in as_completed(futures)) == list(range(300))


def test_output_without_an_end_of_line_is_not_kept(tasks: Any) -> None:
    """A worker may print as much as it likes; this process keeps a few words of it."""
    process = psutil.Process()
    with LocalPool(1) as pool:
        pool.submit(tasks.flood, 1).result()
        before = process.memory_info().rss
        pool.submit(tasks.flood, 200).result()
        (worker,) = pool._processes
        assert process.memory_info().rss - before < 30 * 2**20
        assert sum(map(len, worker._words)) < 100_000


@pytest.mark.parametrize("kind", ["ValueError", "BadInput", "Odd"])
def test_a_text_of_megabytes_is_cut_before_it_travels(tasks: Any, kind: str) -> None:
    """How it began and how it ended stays, and that something is missing is said."""
    with LocalPool(1) as pool, pytest.raises((ValueError, BadInput, RemoteError)) as error:
        pool.submit(tasks.fail_at_length, kind, 20_000_000).result()
    text, (note,) = str(error.value), error.value.__notes__
    assert len(text) < 5_000
    assert len(note) < 70_000
    assert "begin xxx" in text
    assert text.endswith("xxx end")
    assert "characters cut" in text
    assert "in fail_at_length" in note


def test_a_worker_whose_connection_is_closed_is_noticed_and_blamed(tasks: Any, tmp_path: Path) -> None:
    """By code that closes what is not its own, in the midst of its work."""
    with LocalPool(1) as pool:
        pool.submit(tasks.add, 1).result()
        with pytest.raises(WorkerDied, match="code that it runs has closed its connection") as error:
            pool.submit(tasks.close_all, str(tmp_path / "closed"), 60).result()
        assert "twice" in str(error.value)
        # From the second closing on.
        assert time.time() - float((tmp_path / "closed").read_text()) < 3
        assert pool.submit(tasks.add, 1).result() == 1


@pytest.fixture
def sleeper(tmp_path: Path) -> Path:
    """An interpreter that never comes to its point; it leaves its number."""
    script = tmp_path / "sleeper"
    script.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 60\n")
    script.chmod(0o755)
    return script


def test_an_interpreter_that_says_nothing_is_given_up(tasks: Any, tmp_path: Path, sleeper: Path) -> None:
    """Once, after its time, with its name, and it is gone."""
    start = time.monotonic()
    with (
        LocalPool(1, interpreter=str(sleeper), patience=1.0) as pool,
        pytest.raises(WorkerDied, match="sleeper' starts no worker: it said nothing for 1 s"),
    ):
        pool.submit(tasks.add, 1).result(30)
    assert time.monotonic() - start < 15
    assert gone(int((tmp_path / "pid").read_text()))


def test_ctrl_c_does_not_wait_for_a_worker_that_never_starts(tasks: Any, tmp_path: Path, sleeper: Path) -> None:
    """The first one ends it, and no process stays."""
    start = time.monotonic()

    def interrupted() -> None:
        with LocalPool(1, interpreter=str(sleeper)) as pool:
            pool.submit(tasks.add, 1)
            assert until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - start < 15
    assert until(lambda: gone(int((tmp_path / "pid").read_text())))
