"""Which process works on something in a store, and whether it still does."""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

import psutil

from jamharness.api import Json

_DEAD = ("Z", "X")
"""States in /proc of a process that has ended and that nobody has waited for."""


def this_process() -> dict[str, Json]:
    """How others can tell whether this process still runs.

    Returns:
        Its ``host``, its ``pid`` and the time it ``started`` (seconds since 1970). Where the system has them also the
        ``boot`` of the machine and the clock ``ticks`` after it at which the process started, which stay the same when
        somebody sets the clock, and the ``namespace`` in which the pid counts.
    """
    pid = os.getpid()
    process: dict[str, Json] = {"host": socket.gethostname(), "pid": pid, "started": psutil.Process().create_time()}
    ticks = _ticks(pid)
    if ticks is not None and _boot():
        process |= {"boot": _boot(), "ticks": ticks}
    if _namespace():
        process["namespace"] = _namespace()
    return process


def runs_still(process: Mapping[str, Json]) -> bool | None:
    """Whether a process still runs; None where nobody can tell from here.

    Arguments:
        process: as ``this_process`` gave it, or whatever somebody has made of it.
    """
    if process.get("host") != socket.gethostname():
        return None
    if process.get("namespace", _namespace()) != _namespace():
        return None  # a container of the same name: its pids are not ours
    pid, started = process.get("pid"), process.get("started")
    if not isinstance(pid, int) or isinstance(pid, bool) or not 0 < pid < 2**31:
        return False
    if _boot() and "boot" in process:
        return process["boot"] == _boot() and process.get("ticks") is not None and process["ticks"] == _ticks(pid)
    if not isinstance(started, float | int):
        return False
    try:
        # Its number may belong to another process by now, which began at another time.
        other = psutil.Process(pid)
        return other.status() != psutil.STATUS_ZOMBIE and abs(other.create_time() - started) < 1.0
    except psutil.Error:
        return False


def _ticks(pid: int) -> int | None:
    """Field 22 of /proc/PID/stat; None without /proc, and for a process that has ended."""
    with suppress(OSError, ValueError, LookupError):
        # The name stands in parentheses and may hold anything; the state, field 3, follows the last one.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return None if fields[0] in _DEAD else int(fields[19])
    return None


@cache
def _boot() -> str:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    return ""


@cache
def _namespace() -> str:
    with suppress(OSError):
        return str(Path("/proc/self/ns/pid").readlink())
    return ""
