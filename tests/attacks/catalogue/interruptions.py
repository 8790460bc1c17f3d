"""Interruptions: signals, readers that go away, full and closed descriptors, vanishing folders, the system's limits."""

import os
import pty
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import psutil

from catalogue.attack import Attack
from catalogue.place import Place, until

PAUSE = {"TOY_PAUSE": "0.3"}
STOPPED = (0, 1, 2, 130)
"""A run that is interrupted says so; one that was faster has its answer."""


def _cells(place: Place) -> int:
    return len(list(place.store.glob("cells/*/*.json")))


def _signalled(
    place: Place, *signals: int, after: int = 1, gap: float = 0.05, group: bool = False, codes: Sequence[int] = STOPPED
) -> None:
    """Signals once some cells are there; what is there is kept."""
    running = place.start(*place.request(), environment=PAUSE)
    until(lambda: _cells(place) >= after or running.poll(0))
    before = {path: path.read_bytes() for path in place.store.glob("cells/*/*") if path.suffix in (".json", ".npz")}
    for number in signals:
        running.signal(number, group=group)
        time.sleep(gap)
    ended = place.judge(
        running.wait(),
        place.request(),
        codes=(*codes, *(-number for number in signals if number != signal.SIGINT or len(signals) > 1)),
        printed=False,
    )
    if ended.code == 130:
        assert "resume" in ended.err, "it is not said how to go on"
        assert "before anything was computed" not in ended.err, "cells were computed"
    assert {path: path.read_bytes() for path in before} == before, "a finished cell was lost"


def _early(seconds: float, number: int, place: Place) -> None:
    """A signal at a moment of the start."""
    running = place.start(*place.request(), environment=PAUSE)
    time.sleep(seconds)
    running.signal(number)
    place.judge(running.wait(), place.request(), codes=(*STOPPED, -number), printed=False)


def _worker(number: int, times: int, place: Place) -> None:
    """A signal for the workers, again and again."""
    running = place.start(*place.request(), environment=PAUSE)
    struck: set[int] = set()
    for turn in range(times):
        until(lambda: [worker for worker in running.workers() if worker.pid not in struck] or running.poll(0))
        until(lambda: _cells(place) > turn or running.poll(0) or turn > 1)  # noqa: B023
        for worker in running.workers():
            struck.add(worker.pid)
            try:
                worker.send_signal(number)
            except psutil.NoSuchProcess:
                continue
    place.judge(running.wait(), place.request(), codes=(0, 1))


def _stopped_worker(place: Place) -> None:
    """A worker that stands still is ended by the limit."""
    running = place.start(*place.request("--limit", "2"), environment={"TOY_PAUSE": "0.1"})
    until(lambda: _cells(place) >= 1 or running.poll(0))
    for worker in running.workers():
        worker.send_signal(signal.SIGSTOP)
    place.judge(running.wait(), place.request(), codes=(0, 1))


def _host_stands_still(place: Place) -> None:
    running = place.start(*place.request(), environment=PAUSE)
    until(lambda: _cells(place) >= 1 or running.poll(0))
    running.signal(signal.SIGSTOP)
    time.sleep(0.5)
    running.signal(signal.SIGCONT)
    place.judge(running.wait(), place.request())


def _closed(number: int, arguments: Callable[[Place], tuple[str, ...]], codes: Sequence[int], place: Place) -> None:
    """A descriptor that was closed before the start."""
    ended = place.start(*arguments(place), streams={number: None}).wait()
    place.judge(ended, arguments(place), codes=codes, printed=number != 1)


def _full(
    numbers: Sequence[int], arguments: Callable[[Place], tuple[str, ...]], codes: Sequence[int], place: Place
) -> None:
    """No space on what a stream is sent to."""
    ended = place.start(*arguments(place), streams=dict.fromkeys(numbers, "/dev/full")).wait()
    place.judge(ended, arguments(place), codes=codes, printed=1 not in numbers)


def _reader_gone(
    numbers: Sequence[int], when: int, arguments: Callable[[Place], tuple[str, ...]], place: Place
) -> None:
    """The reader of a pipe goes away, before or once some cells are there; the run goes on to its end."""
    reader, writer = os.pipe()
    if when == 0:
        os.close(reader)
    running = place.start(*arguments(place), streams=dict.fromkeys(numbers, writer), environment={"TOY_PAUSE": "0.1"})
    os.close(writer)
    if when:
        until(lambda: _cells(place) >= when or running.poll(0))
        os.close(reader)
    place.judge(running.wait(), arguments(place), codes=(0,), printed=1 not in numbers)
    record = place.store / "runs" / "reference.json"
    assert b'"status":"finished"' in record.read_bytes(), "the run was stopped by its display"


def _plain(place: Place) -> tuple[str, ...]:
    return tuple(part for part in place.request() if part not in ("--json", "--quiet"))


def _as_json(place: Place) -> tuple[str, ...]:
    return place.request()


def _terminal(keys: bytes, hang_up: bool, place: Place) -> None:
    """In a terminal: keys are typed, or it is closed."""
    ours, theirs = pty.openpty()
    first = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)"
    running = place.start(
        *_plain(place), streams=dict.fromkeys(range(3), theirs), environment={**PAUSE, "TERM": "xterm"}, first=first
    )
    os.close(theirs)
    until(lambda: _cells(place) >= 1 or running.poll(0))
    for key in keys:
        os.write(ours, bytes([key]))
        time.sleep(0.05)
    if hang_up:
        os.close(ours)
    else:
        # Read, or the terminal's buffer fills and the program waits for it.
        os.set_blocking(ours, False)
        end = time.monotonic() + 30
        while running.poll(0.02) is None and time.monotonic() < end:
            try:
                os.read(ours, 1 << 16)
            except OSError:
                continue
        os.close(ours)
    ended = running.wait()
    assert ended.code in (*STOPPED, -signal.SIGHUP, -signal.SIGINT), ended


def _killed_while_writing(place: Place) -> None:
    """Killed again and again at unequal moments, and gone on with each time."""
    for turn in range(8):
        running = place.start(*place.request(), environment={"TOY_PAUSE": "0.02"})
        until(lambda: _cells(place) >= turn or running.poll(0))  # noqa: B023
        time.sleep(0.007 * turn)
        running.signal(signal.SIGKILL)
        running.wait()
    place.run("runs", "--store", "store", "--json")


def _limited(limits: str, codes: Sequence[int], place: Place) -> None:
    """A limit of the system."""
    running = place.start(*place.request(), first=f"import resource\n{limits}")
    place.judge(running.wait(), place.request(), codes=codes, printed=False)


def _two_at_once(kill: bool, place: Place) -> None:
    """The same request twice at the same time; one of them may be killed."""
    both = [place.start(*place.request(), environment={"TOY_PAUSE": "0.1"}) for _ in range(2)]
    if kill:
        until(lambda: _cells(place) >= 2 or both[0].poll(0))
        both[0].signal(signal.SIGKILL)
        both[0].wait()
    for running in both[kill:]:
        place.judge(running.wait(), place.request())


def _vanishing(name: str, do: Callable[[Path], object], place: Place) -> None:
    """A folder goes away under a run."""
    running = place.start(*place.request(), environment=PAUSE)
    until(lambda: _cells(place) >= 2 or running.poll(0))
    do(place.work / name)
    place.judge(running.wait(), place.request(), codes=(0, 1, 2))
    for path in (place.store, place.store / "cells", place.store / "runs"):
        if path.exists() and not path.is_dir():
            path.unlink()


def _file_instead(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)
    path.touch()


def _sleeping_interpreter(place: Place) -> None:
    """An interpreter that never answers: Ctrl-C ends it, and nothing stays."""
    program = place.work / "python"
    program.write_text("#!/bin/sh\nsleep 1000\n")
    program.chmod(0o755)
    running = place.start(*place.request(), environment={"JAMHARNESS_PYTHON_NUMPY": str(program)})
    until(running.workers)
    time.sleep(0.3)
    running.signal(signal.SIGINT)
    ended = place.judge(running.wait(12), place.request(), codes=(2, 130), printed=False)
    assert ended.code in (2, 130)


def _hang(fault: str, place: Place) -> None:
    """A plugin that hangs is left by Ctrl-C, once."""
    arguments = place.request("--set", "dataset=toy") if fault.startswith("data") else place.request()
    running = place.start(*arguments, environment={"TOY_FAULT": f"{fault}:hang"})
    time.sleep(2.5)
    running.signal(signal.SIGINT)
    place.judge(running.wait(12), arguments, codes=(1, 2, 130), printed=False)


QUICK = {
    "Ctrl-C twice", "killed", "worker killed", "reader of both streams gone at once, read as table",
    "standard error full, read as JSON", "store removed under a run", "interpreter that sleeps",
}  # fmt: skip


def _attack(name: str, do: Callable[[Place], object], again: bool = True) -> Attack:
    return Attack(name=name, do=do, whole=False, again=again, quick=name in QUICK)


READ = {"table": _plain, "JSON": _as_json}
ATTACKS = (
    _attack("Ctrl-C", lambda place: _signalled(place, signal.SIGINT, group=True)),
    _attack("Ctrl-C of the host alone", lambda place: _signalled(place, signal.SIGINT)),
    _attack("Ctrl-C twice", lambda place: _signalled(place, signal.SIGINT, signal.SIGINT, gap=0.01)),
    _attack("Ctrl-C twice, slowly", lambda place: _signalled(place, signal.SIGINT, signal.SIGINT, gap=0.3)),
    _attack("Ctrl-C five times", lambda place: _signalled(place, *[signal.SIGINT] * 5, gap=0.002)),
    _attack("Ctrl-C after the last cell", lambda place: _signalled(place, signal.SIGINT, after=6)),
    _attack("terminated", lambda place: _signalled(place, signal.SIGTERM)),
    _attack("hung up", lambda place: _signalled(place, signal.SIGHUP)),
    _attack("killed", lambda place: _signalled(place, signal.SIGKILL, after=2)),
    _attack("Ctrl-C, then killed", lambda place: _signalled(place, signal.SIGINT, signal.SIGKILL)),
    _attack("SIGUSR1", lambda place: _signalled(place, signal.SIGUSR1)),
    *(
        _attack(f"Ctrl-C after {seconds} s", partial(_early, seconds, signal.SIGINT))
        for seconds in (0.03, 0.1, 0.2, 0.4, 0.6, 0.8)
    ),
    *(_attack(f"terminated after {seconds} s", partial(_early, seconds, signal.SIGTERM)) for seconds in (0.1, 0.5)),
    _attack("worker killed", partial(_worker, signal.SIGKILL, 1)),
    _attack("workers killed four times", partial(_worker, signal.SIGKILL, 4)),
    _attack("worker terminated", partial(_worker, signal.SIGTERM, 1)),
    _attack("worker with a fault of memory", partial(_worker, signal.SIGSEGV, 1)),
    _attack("worker told of Ctrl-C", partial(_worker, signal.SIGINT, 2)),
    _attack("worker that stands still", _stopped_worker),
    _attack("host that stands still", _host_stands_still),
    *(
        _attack(f"{name} closed, read as {kind}", partial(_closed, number, read, (0,)))
        for number, name in enumerate(("standard input", "standard output", "standard error"))
        for kind, read in READ.items()
    ),
    *(
        _attack(f"{name} full, read as {kind}", partial(_full, numbers, read, codes))
        for name, numbers, codes in (
            ("standard output", (1,), (0, 1, 2, 74)),
            ("standard error", (2,), (0,)),
            ("both streams", (1, 2), (0, 1, 2, 74)),
        )
        for kind, read in READ.items()
    ),
    *(
        _attack(f"reader of {name} gone {when}, read as {kind}", partial(_reader_gone, numbers, cells, read))
        for name, numbers in (("standard output", (1,)), ("standard error", (2,)), ("both streams", (1, 2)))
        for when, cells in (("at once", 0), ("in the middle", 2))
        for kind, read in READ.items()
    ),
    _attack("Ctrl-C in a terminal", partial(_terminal, b"\x03", False)),
    _attack("Ctrl-C in a terminal, three times", partial(_terminal, b"\x03\x03\x03", False)),
    _attack("Ctrl-Backslash in a terminal", lambda place: _signalled(place, signal.SIGQUIT, group=True)),
    _attack("terminal closed", partial(_terminal, b"", True)),
    _attack("keys typed in a terminal", partial(_terminal, b"q\x1b[A\x04\n", False)),
    _attack("killed while it writes", _killed_while_writing),
    _attack(
        "files of at most 2000 bytes",
        partial(_limited, "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))", (0, 1, 2, -25)),
    ),
    _attack(
        "files of no bytes", partial(_limited, "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))", (1, 2, 74, -25))
    ),
    _attack("12 open files", partial(_limited, "resource.setrlimit(resource.RLIMIT_NOFILE, (12, 12))", (0, 1, 2))),
    _attack(
        "2 s of processor time", partial(_limited, "resource.setrlimit(resource.RLIMIT_CPU, (2, 3))", (0, 1, 2, -24))
    ),
    _attack(
        "no core file, small stack",
        partial(_limited, "resource.setrlimit(resource.RLIMIT_STACK, (1 << 20, 1 << 20))", (0, 1, 2)),
    ),
    _attack("twice at once", partial(_two_at_once, False)),
    _attack("twice at once, one killed", partial(_two_at_once, True)),
    _attack(
        "store removed under a run", partial(_vanishing, "store", lambda path: shutil.rmtree(path, ignore_errors=True))
    ),
    _attack("store made a file under a run", partial(_vanishing, "store", _file_instead)),
    _attack(
        "cells removed under a run",
        partial(_vanishing, "store/cells", lambda path: shutil.rmtree(path, ignore_errors=True)),
    ),
    _attack("runs made a file under a run", partial(_vanishing, "store/runs", _file_instead)),
    _attack(
        "record removed under a run",
        partial(_vanishing, "store/runs/reference.json", lambda path: path.unlink(missing_ok=True)),
    ),
    _attack("interpreter that sleeps", _sleeping_interpreter),
    *(
        _attack(f"Ctrl-C while {fault} hangs", partial(_hang, fault))
        for fault in ("measure", "data", "plan", "analyse", "import")
    ),
)
