"""Where in a plugin's own code an error came from."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jamharness.api import JamharnessError, PluginError
from jamharness.execution.messages import out_of_memory


@contextmanager
def with_place(*factories: str) -> Iterator[None]:
    """Have errors of plugins say the file and line where they came from: ``ValueError: oops (mine.py, line 12)``.

    Arguments:
        factories: ``"package.module:name"`` of each plugin whose code runs; empty for none.

    Raises:
        PluginError: in place of any other error. Those of jamharness pass as they are, and so does a lack of memory,
            after which a cell is tried again.
    """
    try:
        yield
    except JamharnessError:
        raise
    except Exception as error:
        if out_of_memory(error):
            raise
        text = " ".join(str(error).split())
        message = f"{type(error).__name__}: {text}" if text else type(error).__name__
        place = _place(error, {factory.partition(":")[0].partition(".")[0] for factory in factories if factory})
        raise PluginError(f"{message} ({place})" if place else message) from error


def _place(error: BaseException, packages: set[str]) -> str:
    """The last line of an error's way through some top-level packages or modules; empty if it never was there."""
    place = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] in packages:
            place = f"{Path(frame.f_code.co_filename).name}, line {line}"
    return place
