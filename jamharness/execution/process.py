"""One worker process, seen from the pool."""

import logging
import os
import pickle
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing import Pipe
from typing import Any

import psutil

from jamharness.execution.messages import SILENCED, RemoteFailure

log = logging.getLogger("jamharness.execution")
_GRACE = 5.0
"""Seconds that a worker has to end by itself after its stream was closed from here."""
_MOMENT = 0.5
"""Seconds between the end of a worker's stream and that of the worker, which is dying then or has closed it."""
_CHUNK, _LINE = 65_536, 1_000
"""Bytes of a worker's output that are read at once, and characters of a line that are kept."""
_LOOK = 0.2
"""Seconds between two looks at the memory of a worker that has a limit."""
_MORE_MEMORY = "raise --memory, use fewer workers, or make the problem smaller"


class Ended(Exception):
    """The worker has ended, or was ended, before it replied.

    Arguments:
        how: the predicate of a sentence, such as ``"was ended by SIGKILL"``.
        remedy: what to do about it; empty where nothing is known.
    """

    def __init__(self, how: str, remedy: str = "") -> None:
        self.how, self.remedy = how, remedy
        super().__init__(how)


class WorkerProcess:
    """A running worker.

    Arguments:
        interpreter: the Python that runs it; jamharness must be installed there.
        environment: variables that differ from this process's.

    Raises:
        OSError: the interpreter cannot be started.
    """

    def __init__(self, interpreter: str, environment: Mapping[str, str]) -> None:
        self._connection, theirs = Pipe()
        try:
            # A process group of its own: Ctrl-C in a terminal reaches the pool alone, and the worker's own children end
            # with it. -P: a file in the current folder must not shadow a library.
            self._process = subprocess.Popen(  # noqa: S603  (the interpreter is the user's choice)
                [interpreter, "-P", "-u", "-m", "jamharness.execution.worker", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
                pass_fds=(theirs.fileno(),),
                process_group=0,
            )
        except BaseException:
            self._connection.close()
            raise
        finally:
            theirs.close()
        self._words: deque[str] = deque(maxlen=40)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        # Closed here and nowhere else: a child of the worker may hold the other end for ever.
        with self._process.stdout as stream:
            rest = b""
            while chunk := os.read(stream.fileno(), _CHUNK):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._heard(line)
                rest = rest[:_LINE]  # a line that never ends is not worth keeping
            if rest:
                self._heard(rest)

    def _heard(self, line: bytes) -> None:
        text = line[: 4 * _LINE].decode(errors="replace").rstrip()[:_LINE]
        self._words.append(text)
        log.debug("worker %d: %s", self._process.pid, text)

    def greet(self, patience: float) -> bool:
        """Wait until the worker says that it has started; False if it says nothing in so many seconds.

        Raises:
            Ended: it has ended.
        """
        try:
            if heard := self._connection.poll(patience):
                self._connection.recv_bytes()
        except (EOFError, OSError):
            raise Ended(self._how()) from None
        return heard

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        if self._process.returncode is not None:
            return False
        try:
            # Asked without collecting it: as long as it is a zombie, nobody else can have its number or its group's.
            return psutil.Process(self._process.pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def call(
        self, task: bytes, said: Callable[[str], None], limit: float | None = None, memory: float | None = None
    ) -> Any:
        """Have a task computed.

        Arguments:
            task: from ``messages.task_of``.
            said: called with each line of progress.
            limit: seconds that it may take.
            memory: GiB of resident memory that the process and its children may use; looked at as often as time allows.

        Returns:
            What the task returned.

        Raises:
            Ended: the process has ended, or was ended because a limit was passed.
            Exception: what the task raised.
        """
        deadline = None if limit is None else time.monotonic() + limit
        pause, looked = 1.0 if memory is None else _LOOK, time.monotonic()
        try:
            self._connection.send_bytes(task)
            while True:
                left = pause if deadline is None else min(pause, deadline - time.monotonic())
                heard = self._connection.poll(max(left, 0.0))
                if memory is not None and time.monotonic() - looked >= pause:
                    looked = time.monotonic()
                    if self._resident() > memory * 2**30:
                        self.kill()
                        raise Ended(f"used more than {memory:g} GiB of memory and was stopped", _MORE_MEMORY)
                if not heard:
                    if deadline is not None and time.monotonic() >= deadline:
                        self.kill()
                        raise Ended(f"took longer than {limit:g} s and was stopped", "raise --limit")
                    # A child that the worker forked may hold the stream open after the worker is gone.
                    if self.alive or self._connection.poll(0):
                        continue
                    raise EOFError
                kind, content = pickle.loads(self._connection.recv_bytes())  # noqa: S301  (our own worker)
                if kind == "said":
                    said(content)
                    continue
                break
        except (EOFError, OSError):
            raise Ended(self._how()) from None
        if kind == "failed":
            assert isinstance(content, RemoteFailure)
            raise content.error()
        return pickle.loads(content)  # noqa: S301

    def _resident(self) -> int:
        """Bytes of resident memory of the process and its children."""
        total = 0
        with suppress(psutil.Error):
            process = psutil.Process(self._process.pid)
            for each in (process, *process.children(recursive=True)):
                with suppress(psutil.Error):
                    total += each.memory_info().rss
        return total

    def _how(self) -> str:
        """Collect the process, which is dead or about to be, and say how it ended."""
        ended = self._wait(_MOMENT)
        self.kill()
        code = self._process.wait()
        self._listener.join(1.0)
        if not ended or code == SILENCED:
            return "fell silent, because code that it runs has closed its connection, and was stopped"
        if code >= 0:
            how = f"ended with exit code {code}"
        else:
            name = next((number.name for number in signal.Signals if number == -code), f"signal {-code}")
            how = f"was ended by {name}" + (" (the system does so when memory runs out)" if name == "SIGKILL" else "")
        last = next((line for line in reversed(self._words) if line.strip()), "")
        return how + (f" after saying: {last.strip()[:200]}" if last else "")

    def _wait(self, patience: float) -> bool:
        """Wait until the process is dead, without collecting it; False if it is not within so many seconds."""
        end = time.monotonic() + patience
        while self.alive and time.monotonic() < end:
            time.sleep(0.005)
        return not self.alive

    def kill(self) -> None:
        """End the process and its children now. Another thread may wait in ``call``, which then raises ``Ended``."""
        if self._process.returncode is None:
            with suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Let the process end, by force if it does not within seconds."""
        self._connection.close()
        self._wait(_GRACE)
        self.kill()
        self._process.wait()
        self._listener.join(1.0)
