"""A process that has everything imported, and forks one real ``jamharness`` command after another.

An interpreter's start and its imports cost most of a small command's time. A fork has them behind it, and is in all
other respects a process of its own: descriptors, environment, folder, session, signals, memory.
"""

import json
import os
import select
import signal
import socket
import sys
import time
from importlib import import_module
from typing import Any

_IMPORTS = (
    "numpy", "pandas", "rich.live", "rich.table", "typer.main", "pluggy", "cattrs", "psutil", "platformdirs",
    "jamharness.cli", "jamharness.cli.app", "jamharness.cli.request", "jamharness.running", "jamharness.render.summary",
    "jamharness.render.progress", "jamharness.render.listings",
)  # fmt: skip
SIZE = 1 << 18
"""Bytes of the longest message."""


def serve(connection: socket.socket) -> dict[str, Any]:
    """Fork for each request and tell how each child ended; returns the request, in the child only."""
    for name in _IMPORTS:
        import_module(name)
    wake, ring = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(ring, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(ring, warn_on_full_buffer=False)
    while True:
        ready, _, _ = select.select([connection, wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
            _collect(connection)
        if connection not in ready:
            continue
        message, descriptors, _, _ = socket.recv_fds(connection, SIZE, 3)
        if not message:
            os._exit(0)
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for descriptor in (connection.fileno(), wake, ring):
                os.close(descriptor)
            for number, descriptor in enumerate(descriptors):
                os.dup2(descriptor, number)
                os.close(descriptor)
            request: dict[str, Any] = json.loads(message)
            return request
        for descriptor in descriptors:
            os.close(descriptor)
        connection.send(json.dumps({"begun": pid}).encode())


def _collect(connection: socket.socket) -> None:
    while True:
        try:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        answer = {"ended": pid, "code": os.waitstatus_to_exitcode(status), "memory": usage.ru_maxrss}
        connection.send(json.dumps(answer).encode())


def become(request: dict[str, Any]) -> None:
    """Take on the surroundings of a request: what exec would have brought."""
    os.setsid()
    # Whoever runs the tests in the background has them ignore Ctrl-C, and by nohup the end of a terminal.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    sys.argv = ["jamharness", *request["arguments"]]
    sys.path[:0] = request["path"]
    # As an interpreter makes them when it starts: the inherited ones believe that they are what the parent had.
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.stdout = sys.__stdout__ = open(1, "w", encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.stderr = sys.__stderr__ = open(2, "w", 1, "utf-8", "backslashreplace", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    if request["first"]:
        exec(request["first"], {})


if __name__ == "__main__":
    become(serve(socket.socket(fileno=int(sys.argv[1]))))
    from jamharness.cli import main

    sys.exit(main())
