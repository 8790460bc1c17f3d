"""Standard output belongs to the result: a table for people, or one JSON document and nothing else.

Nothing here ends a computation: a reader that goes away, a full disk or a closed stream loses what was to be shown and
nothing more. Only a result that could not be written changes the exit code, to ``NOT_WRITTEN``.
"""

import errno
import functools
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any, ParamSpec, TextIO, TypeVar, cast

from jamharness.api import Json, PluginError
from jamharness.render.characters import visible

if TYPE_CHECKING:
    from rich.console import RenderableType

P = ParamSpec("P")
T = TypeVar("T")
NOT_WRITTEN = 74
"""The exit code when a result could not be written, such as EX_IOERR of sysexits.h."""

_LONGEST = 2000
"""Characters of a sentence that are still read."""


class Forgiving:
    """A text stream to which everything can be written, whatever becomes of it.

    Arguments:
        stream: the stream itself.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.error: OSError | None = None
        """The first error of a stream that had a reader; a pipe whose reader has left has seen enough."""

    def write(self, text: str) -> int:
        """Write a text if that is possible."""
        try:
            return self._stream.write(text)
        except UnicodeError:  # half of a pair of surrogates, from a file's name
            return self._stream.write(text.encode("utf-8", "replace").decode("utf-8", "replace"))
        except (OSError, ValueError) as error:
            self._note(error)
            return len(text)

    def flush(self) -> None:
        """Flush if that is possible."""
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            self._note(error)

    def _note(self, error: Exception) -> None:
        if isinstance(error, OSError) and error.errno != errno.EPIPE and self.error is None:
            self.error = error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Results:
    """Where results go: standard output, or what it was before others were sent to standard error."""

    def __init__(self) -> None:
        self.stream: Forgiving | None = None
        self.error: OSError | None = None
        self.last = False

    def write(self, text: str) -> None:
        stream = self.stream or Forgiving(sys.stdout)
        stream.write(text)
        stream.flush()
        self.keep(stream.error)

    def keep(self, error: OSError | None) -> None:
        self.error = self.error or error


_results = _Results()


def show(result: "RenderableType") -> None:
    """Print a result for people."""
    from jamharness.render.screen import console

    stream = _results.stream or Forgiving(sys.stdout)
    console(file=cast("IO[str]", stream)).print(result)
    stream.flush()
    _results.keep(stream.error)


def show_json(document: Json) -> None:
    """Print a result as one JSON document."""
    text = json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False)
    _results.write(text.replace("\x7f", "\\u007f") + "\n")


def show_lines(*lines: str) -> None:
    """Print a result that is a list of texts, one a line."""
    _results.write("".join(f"{visible(line)}\n" for line in lines))


def say(*sentences: str) -> None:
    """Tell the user something beside the result, on standard error."""
    stream = Forgiving(sys.stderr)
    stream.write("".join(f"{_readable(sentence)}\n" for sentence in sentences))
    stream.flush()


def _readable(sentence: str) -> str:
    """The sentence without control characters, its middle left out where somebody typed thousands of characters."""
    text = visible(sentence)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"


@contextmanager
def others_to_stderr(*, for_good: bool = False) -> Iterator[None]:
    """Meanwhile, send to standard error what anybody prints: plugins, libraries written in C, child processes.

    Arguments:
        for_good: whether it stays so, because nothing comes afterwards; a thread of a plugin may still print.
    """
    if _results.stream is not None:
        yield
        return
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    printed, sys.stdout = sys.stdout, sys.stderr
    descriptor = os.dup(1)
    os.dup2(2, 1)
    own = open(descriptor, "w", encoding=printed.encoding or "utf-8", errors="replace")  # noqa: PTH123, SIM115
    _results.stream = Forgiving(own)
    try:
        yield
    finally:
        Forgiving(sys.stdout).flush()
        _results.stream.flush()
        _results.keep(_results.stream.error)
        if not for_good:
            _results.stream = None
            sys.stdout = printed
            os.dup2(descriptor, 1)
            with suppress(OSError):  # what it still holds was tried above
                own.close()


def alone(command: Callable[P, T]) -> Callable[P, T]:
    """A command whose results alone go to standard output, whatever plugins print while it runs."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        with others_to_stderr(for_good=_results.last):
            try:
                return command(*args, **kwargs)
            except (SystemExit, GeneratorExit) as error:
                # No command of ours leaves like this.
                text = f"{type(error).__name__}: {error}"
                raise PluginError(f"A plugin raised {text}; run again with --debug to see which.") from error

    return run


@contextmanager
def standard_streams(*, for_good: bool) -> Iterator[Callable[[int], int]]:
    """Make the standard streams such that nobody fails at them.

    Arguments:
        for_good: whether this process ends afterwards, so that the streams stay as they are made here, and what is
            printed while it ends goes nowhere.

    Yields:
        A function from the exit code of the command to the one with which to leave.
    """
    _open_closed()
    before = sys.stdout, sys.stderr
    printed, error_stream = Forgiving(sys.stdout), Forgiving(sys.stderr)
    sys.stdout, sys.stderr = cast("TextIO", printed), cast("TextIO", error_stream)
    _results.error, _results.last = None, for_good

    def leave(code: int) -> int:
        printed.flush()
        lost = _results.error or printed.error
        if lost is None:
            return code
        say(f"The result could not be written to standard output ({lost.strerror}); what was computed is kept.")
        return NOT_WRITTEN

    try:
        yield leave
    finally:
        printed.flush()
        error_stream.flush()
        if for_good:
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        else:
            sys.stdout, sys.stderr = before


def _open_closed() -> None:
    """Open nothing where a standard stream is closed: otherwise the next file would be taken for it."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
