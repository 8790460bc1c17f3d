"""The console entry: from arguments to an exit code, with every error told in a sentence."""

import errno
import logging
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import typer

from jamharness.api import BadInput, JamharnessError
from jamharness.cli.app import build_app
from jamharness.cli.output import others_to_stderr, say, standard_streams
from jamharness.cli.state import State
from jamharness.cli.usage import explain_usage, hoist, is_usage_error
from jamharness.plugins import Plugins

_OF_PATHS = (errno.ENAMETOOLONG, errno.ELOOP, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT)
"""What the system refuses because of a path that was given, or of the disk that it leads to."""
DONE, SCIENCE_SAID_NO, BAD_INPUT, INTERNAL, INTERRUPTED = 0, 1, 2, 70, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Arguments:
        arguments: None for those of this process.

    Returns:
        0 done, 1 the science said no, 2 bad input, 70 an error of this program, 74 the result could not be written, 130
        interrupted.
    """
    typed = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in typed
    with standard_streams(for_good=arguments is None) as leave:
        _prepare(debug)
        try:
            code = leave(_run(typed))
            if code == INTERRUPTED and arguments is None:
                # Python ends with the signal's default: one more Ctrl-C would turn 130 into a death by the signal.
                signal.signal(signal.SIGINT, signal.SIG_IGN)
            return code
        except KeyboardInterrupt:
            say("Interrupted.")
            return INTERRUPTED
        except Exception as error:  # noqa: BLE001  (the last place where an error can become a sentence)
            if debug:
                traceback.print_exc()
            return _tell(error)


def _run(typed: list[str]) -> int:
    options, rest = hoist(typed)
    _check_folder()
    # Before the commands, because plugins may add some.
    with others_to_stderr():
        disable = [option.partition("=")[2] for option in options if option.startswith("--disable=")]
        plugins = Plugins.load(disable, strict="--strict-plugins" in options)
        if unused := plugins.unused():
            raise BadInput(*unused)
        command = typer.main.get_command(build_app(plugins))
    code = command.main(
        args=[*options, *rest], prog_name="jamharness", standalone_mode=False, obj=State(plugins=plugins)
    )
    return code if isinstance(code, int) else DONE


def _check_folder() -> None:
    """Every relative path starts at the current folder, which may be gone.

    Raises:
        BadInput: it is.
    """
    try:
        Path.cwd()
    except OSError as error:
        raise BadInput(
            f"The current folder cannot be used ({error.strerror}); change to one that exists, as in: cd ~"
        ) from None


def _tell(error: Exception) -> int:
    if isinstance(error, BadInput):
        say(*error.problems)
        return BAD_INPUT
    if isinstance(error, JamharnessError):
        say(str(error))
        return BAD_INPUT
    if is_usage_error(error):
        say(explain_usage(error))
        return BAD_INPUT
    if isinstance(error, typer.Abort):
        say("Interrupted.")
        return INTERRUPTED
    if isinstance(error, OSError) and error.filename is not None and error.errno in _OF_PATHS:
        say(f"{str(error.filename)!r} cannot be used ({error.strerror}); choose another path.")
        return BAD_INPUT
    text = " ".join(f"{type(error).__name__}: {error}".split())
    say(f"Internal error: {text}; run again with --debug for the traceback.")
    return INTERNAL


def _prepare(debug: bool) -> None:
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets a question mark and no traceback.
        with suppress(AttributeError):  # whoever calls this as a function may have put anything there
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    logger = logging.getLogger("jamharness")
    if not logger.handlers:
        logger.addHandler(_ToStderr())
    logger.setLevel(logging.DEBUG if debug else logging.WARNING)
    logger.propagate = False


class _ToStderr(logging.Handler):
    """Writes to what is standard error at the time: the live display replaces it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        say(self.format(record))
