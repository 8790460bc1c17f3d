"""A ``jamharness`` command as a process, forked or fresh, with its streams in files."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from catalogue import forking

ENDING = 30.0
"""Seconds in which every command must end, on a machine that has a core for it."""
MEMORY = 1 << 20
"""KiB of memory that a host may take at its worst: 1 GiB."""
MARK = "TOY_MARK"


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended.

    Arguments:
        code: its exit code; minus a signal's number.
        out, err: what it wrote.
        seconds: from its start to its end.
        memory: the most that the host took, in KiB; 0 where that is not known.
    """

    code: int
    out: str
    err: str
    seconds: float
    memory: int = 0

    @property
    def document(self) -> Any:
        """The JSON document on standard output."""
        return json.loads(self.out)


@dataclass(kw_only=True, eq=False)
class Running:
    """A command that runs.

    Arguments:
        pid: of the host; also its session's.
        mark: in the environment of all that it starts.
        out, err: where its streams go.
        poll: returns (exit code, KiB) once it has ended.
    """

    pid: int
    mark: str
    out: Path
    err: Path
    poll: Callable[[float], tuple[int, int] | None]
    begun: float = field(default_factory=time.monotonic)

    def workers(self) -> list[psutil.Process]:
        """All living processes that the command has started."""
        living = []
        for process in psutil.process_iter():
            try:
                marked = process.environ().get(MARK) == self.mark
                if marked and process.pid != self.pid and process.status() != psutil.STATUS_ZOMBIE:
                    living.append(process)
            except psutil.Error:
                continue
        return living

    def signal(self, number: int, *, group: bool = False) -> None:
        """Send the host, or all of its process group, a signal; nothing happens if it has ended."""
        if self.poll(0) is None:
            (os.killpg if group else os.kill)(self.pid, number)

    def wait(self, seconds: float = ENDING) -> Ended:
        """Wait for its end.

        Raises:
            AssertionError: it has not ended in time; it is killed then.
        """
        end = self.poll(seconds - (time.monotonic() - self.begun))
        if end is None and (crowd := os.getloadavg()[0] / (os.cpu_count() or 1)) > 1:
            end = self.poll((crowd - 1) * seconds)
        if end is None:
            text = self.err.read_text(errors="replace")[-1000:]
            self.kill()
            raise AssertionError(f"no end within {seconds:g} s; it had said: {text}")
        code, memory = end
        out, err = (_read(path) for path in (self.out, self.err))
        return Ended(code=code, out=out, err=err, seconds=time.monotonic() - self.begun, memory=memory)

    def kill(self) -> None:
        """End it and all that it has started."""
        for process in self.workers():
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        self.signal(signal.SIGKILL)
        self.poll(10.0)


def _read(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(1 << 20)
    assert len(content) < 1 << 20, f"a megabyte on a stream, beginning with {content[:300]!r}"
    return content.decode(errors="surrogateescape")


class Nursery:
    """Where forked commands come from.

    Arguments:
        environment: of the process that forks; commands get their own.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(Path(forking.__file__)), str(theirs.fileno())],
            env={**environment, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
        )
        theirs.close()
        self._ended: dict[int, tuple[int, int]] = {}

    def fork(self, request: Mapping[str, Any], streams: Sequence[int]) -> int:
        """Begin a command; returns its process number."""
        message = json.dumps(request).encode()
        assert len(message) < forking.SIZE
        socket.send_fds(self._connection, [message], list(streams))
        while True:
            answer = self._hear(60.0)
            assert answer is not None, "the nursery does not answer"
            if "begun" in answer:
                return int(answer["begun"])

    def poll(self, pid: int, seconds: float) -> tuple[int, int] | None:
        """The exit code of a command and its memory, once it has ended; None if it does not in time."""
        end = time.monotonic() + seconds
        while pid not in self._ended:
            if self._hear(max(end - time.monotonic(), 0.0)) is None:
                break
        return self._ended.get(pid)

    def _hear(self, seconds: float) -> dict[str, Any] | None:
        self._connection.settimeout(max(seconds, 0.001))
        try:
            message = self._connection.recv(forking.SIZE)
        except TimeoutError:
            return None
        assert message, "the nursery has ended"
        answer: dict[str, Any] = json.loads(message)
        if "ended" in answer:
            self._ended[answer["ended"]] = answer["code"], answer["memory"]
        return answer

    def close(self) -> None:
        """End it."""
        self._connection.close()
        self._process.wait(timeout=10)


def fresh(
    request: Mapping[str, Any], streams: Sequence[int | None], flags: Sequence[str] = ()
) -> "subprocess.Popen[bytes]":
    """Begin a command in a new interpreter, for attacks on what an interpreter does when it starts.

    Arguments:
        request: as for ``Nursery.fork``.
        streams: descriptors; None for one that is closed.
        flags: of the interpreter.
    """

    def prepare() -> None:
        for number in (signal.SIGINT, signal.SIGHUP):  # ignored by whoever runs the tests in the background
            signal.signal(number, signal.SIG_DFL)
        for number, stream in enumerate(streams):
            if stream is None:
                os.close(number)

    code = f"{request['first']}\nimport sys\nfrom jamharness.cli import main\nsys.exit(main())"
    called = ["-c", code] if request["first"] else ["-m", "jamharness"]
    return subprocess.Popen(
        [sys.executable, *flags, *called, *request["arguments"]],
        cwd=request["folder"],
        env={**request["environment"]},
        stdin=streams[0],
        stdout=streams[1],
        stderr=streams[2],
        start_new_session=True,
        preexec_fn=prepare,
    )
