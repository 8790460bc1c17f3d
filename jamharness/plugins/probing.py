"""Whether backends can be imported at all: tried in processes of their own, since this one loads no framework."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack, suppress

import psutil

from jamharness.api import BackendSpec
from jamharness.plugins.rows import explain

_PATIENCE, _LOOK = 60.0, 0.02
"""Seconds after which an import that is still going counts as working, and between two looks at it."""
_MOST = 4_000
"""Bytes of its answer."""


def probe(specs: Iterable[BackendSpec], effort: float) -> dict[str, str]:
    """Import the module of each backend's factory, all at once, each in a new process of this interpreter.

    Arguments:
        specs: the backends.
        effort: seconds of processor time that each import has; one that takes more is ended and counts as working. In
            such seconds a busy machine is no different from an idle one.

    Returns:
        By the name of each backend that cannot be imported: why, in one sentence.
    """
    end, broken = time.monotonic() + _PATIENCE, {}
    with ExitStack() as stack:
        started = {}
        for spec in specs:
            started[spec.name] = _start(spec)
            stack.callback(_end, started[spec.name])
        while time.monotonic() < end and any(_goes_on(process, effort) for process in started.values()):
            time.sleep(_LOOK)
        for name, process in started.items():
            if process.poll():
                broken[name] = _remaining_output(process) or _describe_exit(process.returncode)
    return broken


def _remaining_output(process: "subprocess.Popen[bytes]") -> str:
    """What a process that has ended left to read; a child of its own may hold the pipe open for ever."""
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    return (process.stdout.read(_MOST) or b"").decode(errors="replace").strip()


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a process and what it has started, whether or not it has ended by itself."""
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def _goes_on(process: "subprocess.Popen[bytes]", effort: float) -> bool:
    """Whether an import is still going and has not had its time."""
    if process.poll() is not None:
        return False
    with suppress(psutil.Error):
        spent = psutil.Process(process.pid).cpu_times()
        return bool(spent.user + spent.system < effort)
    return True


def _start(spec: BackendSpec) -> "subprocess.Popen[bytes]":
    environment = {**spec.environment, **os.environ}  # what the user has set stays
    command = [sys.executable, "-P", "-m", "jamharness.plugins.probing", spec.factory]
    return subprocess.Popen(  # noqa: S603  (this very interpreter)
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment,
        process_group=0,
    )  # fmt: skip


def _describe_exit(code: int) -> str:
    if code > 0:
        return f"importing it ends Python with exit code {code}"
    name = next((number.name for number in signal.Signals if number == -code), f"signal {-code}")
    return f"importing it ends Python by {name}"


def _attempt(factory: str) -> int:
    from jamharness.plugins.factories import load_object

    stream = os.dup(1)
    os.dup2(2, 1)  # what the framework prints is not the answer
    try:
        load_object(factory)
    except BaseException as error:  # noqa: BLE001  (whatever it is, it is the answer)
        with os.fdopen(stream, "w", encoding="utf-8") as answer:
            answer.write(explain(error))
        return 1
    return 0


if __name__ == "__main__":
    os._exit(_attempt(sys.argv[1]))  # frameworks take long to tidy up
