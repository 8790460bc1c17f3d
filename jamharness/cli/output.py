"""Standard output belongs to the result: a table for people, or one JSON document and nothing else."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from jamharness.api import Json

if TYPE_CHECKING:
    from rich.console import RenderableType


def show(result: "RenderableType") -> None:
    """Print a result for people."""
    from jamharness.render.screen import console

    with _reader_may_leave():
        console().print(result)
        sys.stdout.flush()


def show_json(document: Json) -> None:
    """Print a result as one JSON document."""
    with _reader_may_leave():
        print(json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False))  # noqa: T201
        sys.stdout.flush()


@contextmanager
def others_to_stderr() -> Iterator[None]:
    """Meanwhile, send to standard error what anybody prints: plugins, libraries written in C, child processes."""
    sys.stdout.flush()
    printed, sys.stdout = sys.stdout, sys.stderr
    try:
        kept = os.dup(1)
    except OSError:  # closed: nothing can come out of it
        kept = -1
    else:
        os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stdout = printed
        if kept >= 0:
            os.dup2(kept, 1)
            os.close(kept)


@contextmanager
def _reader_may_leave() -> Iterator[None]:
    """Take it as no error when the reader of a pipe has seen enough, as ``head`` has."""
    try:
        yield
    except BrokenPipeError:
        # Python flushes again when it ends, and would complain.
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
