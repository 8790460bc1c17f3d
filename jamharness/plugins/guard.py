"""Code of plugins that runs in this process: named when it takes long, and unable to end the program silently."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import NoReturn

from jamharness.api import PluginError
from jamharness.texts import cut

log = logging.getLogger("jamharness")
PATIENCE = 5.0
"""Seconds after which it is said, once, what is being waited for."""
_LONGEST = 4_000
"""Characters of an error's text that are passed on."""
_LOOK = 0.25
_IDLE = 8
"""Looks without anything to watch after which the watching thread ends."""


class plugin_code:  # noqa: N801  (used as ``with plugin_code(...)``)
    """Whatever ends the program from within such code arrives as an error that names the culprit.

    ``SystemExit``, ``GeneratorExit``, ``os._exit`` and a ``KeyboardInterrupt`` that no signal caused become a
    ``PluginError``; Ctrl-C and ordinary errors pass, unless their text is of a length that nobody reads.

    Arguments:
        culprit: whose code it is, such as ``"protocol 'jamming'"``.
        doing: what it does, such as ``"planning"``.
        awaited: whether somebody waits for it, and is told if it takes long.

    Raises:
        PluginError: the code tried to end the program, or raised an error of such a length.
    """

    def __init__(self, culprit: str, doing: str, *, awaited: bool = True) -> None:
        self._culprit, self._doing, self._awaited = culprit, doing, awaited
        self._token: int | None = None

    def __enter__(self) -> None:
        if self._awaited:
            self._token = _watch.enter(f"{_capital(self._culprit)} has been {self._doing} for {PATIENCE:.0f} s …")
        self._interrupts = _Interrupts()
        _exits.forbid()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        _exits.allow()
        by_user = self._interrupts.stop()
        if self._token is not None:
            _watch.leave(self._token)
        if error is None or (isinstance(error, KeyboardInterrupt) and by_user):
            return
        text = _text(error)
        if isinstance(error, Exception) and len(text) <= _LONGEST:
            return
        text = cut(text, _LONGEST)
        name = type(error).__name__
        raise PluginError(
            f"{_capital(self._culprit)} raised {f'{name}: {text}' if text else name} while {self._doing}."
        ) from error


def _text(error: BaseException) -> str:
    try:
        return " ".join(str(error).split())
    except Exception:  # noqa: BLE001  (an error that cannot even be shown is still to be reported)
        return "(its text cannot be shown)"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


class _Interrupts:
    """Whether a ``KeyboardInterrupt`` is the user's: one that comes without a signal was raised by the code itself."""

    def __init__(self) -> None:
        self._seen = False
        self._before: Callable[[int, FrameType | None], object] | None = None
        main = threading.current_thread() is threading.main_thread()
        # With a handler of somebody else's nobody can tell, and it is taken as the user's.
        self._unknown = main and signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        if main and not self._unknown:
            self._before = signal.default_int_handler
            signal.signal(signal.SIGINT, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._seen = True
        signal.default_int_handler(number, frame)

    def stop(self) -> bool:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
        return self._seen or self._unknown


class _Exits:
    """``os._exit`` ends a program without a word; as long as plugin code runs it raises instead."""

    def __init__(self) -> None:
        self._lock, self._depth, self._process, self._real = threading.Lock(), 0, os.getpid(), os._exit

    def forbid(self) -> None:
        with self._lock:
            self._depth += 1
            os._exit = self._raise

    def allow(self) -> None:
        with self._lock:
            self._depth -= 1
            if not self._depth:
                os._exit = self._real

    def _raise(self, status: int) -> NoReturn:
        if os.getpid() != self._process:  # a forked child ends as it should
            self._real(status)
        raise SystemExit(f"os._exit({status})")


class _Watch:
    """One thread, alive as long as there is something to watch, says what takes long."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[int, tuple[float, str]] = {}
        self._told: set[str] = set()
        self._next = 0
        self._alive = False

    def enter(self, text: str) -> int:
        with self._lock:
            self._next += 1
            self._open[self._next] = time.monotonic(), text
            if not self._alive:
                self._alive = True
                threading.Thread(target=self._look, name="jamharness-watch", daemon=True).start()
            return self._next

    def leave(self, token: int) -> None:
        with self._lock:
            self._open.pop(token, None)

    def _look(self) -> None:
        idle = 0
        while True:
            time.sleep(_LOOK)
            with self._lock:
                late = time.monotonic() - PATIENCE
                texts = [text for began, text in self._open.values() if began <= late and text not in self._told]
                self._told.update(texts)
                idle = 0 if self._open else idle + 1
                if idle >= _IDLE:
                    self._alive = False
                    return
            for text in texts:
                log.warning("%s", text)


_exits, _watch = _Exits(), _Watch()
