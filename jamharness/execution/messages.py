"""What pool and worker say to each other: pickles that any supported Python reads, and errors as text.

A worker that has started says ``("hello", "")``. A task is ``(function, args, kwargs)``. The replies are
``("said", text)``, any number of times, and then ``("done", pickle)`` or ``("failed", error)``.
"""

import builtins
import pickle
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jamharness.api import errors
from jamharness.texts import cut

PROTOCOL = 4
"""The pickle protocol: the newest that Python 3.11 to 3.14 read and write by default."""
LONGEST_TEXT, LONGEST_TRACE = 4_000, 64_000
"""Characters of an error's text and of its traceback that travel: whatever a plugin raises, it must fit on a screen and
in a record."""
SILENCED = 76
"""The exit code of a worker whose connection was closed by the code that it runs."""


class RemoteError(errors.JamharnessError):
    """A task raised an error whose class is not known on this side; the text names it."""


class WorkerDied(errors.JamharnessError):
    """A worker process ended, or had to be ended, while it computed a task."""


class WorkersLost(errors.JamharnessError):
    """Nobody is left who could compute: the scheduler is gone, or none of its workers may compute."""


def out_of_memory(error: BaseException) -> bool:
    """Whether a task failed for want of memory, in the words of Python, PyTorch, TensorFlow or JAX."""
    text = str(error)
    return isinstance(error, MemoryError) or any(
        words in text for words in ("can't allocate memory", "out of memory", "ResourceExhausted", "RESOURCE_EXHAUSTED")
    )


@dataclass(frozen=True, kw_only=True)
class RemoteFailure:
    """An error as it travels: never as an object, which would load the worker's framework on the other side.

    Arguments:
        home: ``"builtins"``, ``"api"`` for errors of jamharness.api, or empty for any other class.
        name: the class.
        args: what it was raised with, where these are plain.
        text: its text.
        trace: the traceback in the worker.
    """

    home: str
    name: str
    args: tuple[str | int | float | bool | None, ...]
    text: str
    trace: str

    @classmethod
    def of(cls, error: BaseException) -> "RemoteFailure":
        """Describe an error in the process that raised it."""
        kind = type(error)
        if isinstance(error, MemoryError):
            # Libraries have their own kinds of it, and the pool must know it as what it is.
            text = _text(error)
            return cls(home="builtins", name="MemoryError", args=(text,), text=text, trace=_trace(error))
        plain = all(arg is None or type(arg) in (str, int, float, bool) for arg in error.args)
        home = ""
        if plain and isinstance(error, Exception):
            modules = {"builtins": builtins, "api": errors}
            home = next((name for name, module in modules.items() if getattr(module, kind.__name__, None) is kind), "")
        name = kind.__name__ if home or kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
        return cls(
            home=home,
            name=name,
            args=tuple(cut(arg, LONGEST_TEXT) if isinstance(arg, str) else arg for arg in error.args) if home else (),
            text=_text(error),
            trace=_trace(error),
        )

    def error(self) -> Exception:
        """Make the error again, with the worker's traceback as a note."""
        error: Exception | None = None
        if self.home:
            try:
                kind = getattr(builtins if self.home == "builtins" else errors, self.name)
                # BadInput shows its sentences joined, and is made of them one by one.
                error = kind(*(self.text.split("\n") if kind is errors.BadInput else self.args))
            except TypeError:  # a class whose arguments are not what it was made of
                error = None
        if error is None:
            error = RemoteError(f"{self.name}: {self.text}" if self.text else self.name)
        error.add_note(f"In the worker:\n{self.trace}")
        return error


def _text(error: BaseException) -> str:
    try:
        return cut(str(error), LONGEST_TEXT)
    except Exception:  # noqa: BLE001  (an error that cannot even be shown is still to be reported)
        return "(its text cannot be shown)"


def _trace(error: BaseException) -> str:
    try:
        return cut("".join(traceback.format_exception(error)), LONGEST_TRACE)
    except Exception:  # noqa: BLE001  (likewise)
        return "(its traceback cannot be shown)"


def carry_out(task: bytes) -> tuple[str, Any]:
    """Call what a task names, and return the reply; nothing escapes, not even ``SystemExit``."""
    try:
        function, args, kwargs = pickle.loads(task)  # noqa: S301  (the pipe leads to the process that started this one)
        return "done", pickle.dumps(function(*args, **kwargs), PROTOCOL)
    except BaseException as error:  # noqa: BLE001  (whatever happened is the task's result)
        return "failed", RemoteFailure.of(error)


def task_of(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
    """A task as bytes.

    Raises:
        Exception: something in it cannot be pickled.
    """
    return pickle.dumps((function, args, kwargs), PROTOCOL)
