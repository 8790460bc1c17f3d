"""The console entry: from arguments to an exit code, with every error told in a sentence."""

import io
import logging
import sys
import traceback
from collections.abc import Sequence

import typer

from jamharness.api import BadInput, JamharnessError
from jamharness.cli.app import build_app
from jamharness.cli.output import others_to_stderr
from jamharness.cli.state import State
from jamharness.cli.usage import explain_usage, hoist, is_usage_error
from jamharness.plugins import Plugins

DONE, SCIENCE_SAID_NO, BAD_INPUT, INTERNAL, INTERRUPTED = 0, 1, 2, 70, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Arguments:
        arguments: None for those of this process.

    Returns:
        0 done, 1 the science said no, 2 bad input, 70 an error of this program, 130 interrupted.
    """
    typed = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in typed
    _prepare(debug)
    try:
        return _run(typed)
    except KeyboardInterrupt:
        _say("Interrupted.")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  (the last place where an error can become a sentence)
        if debug:
            traceback.print_exc()
        return _tell(error)


def _run(typed: list[str]) -> int:
    options, rest = hoist(typed)
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


def _tell(error: Exception) -> int:
    if isinstance(error, BadInput):
        _say(*error.problems)
        return BAD_INPUT
    if isinstance(error, JamharnessError):
        _say(str(error))
        return BAD_INPUT
    if is_usage_error(error):
        _say(explain_usage(error))
        return BAD_INPUT
    if isinstance(error, typer.Abort):
        _say("Interrupted.")
        return INTERRUPTED
    text = " ".join(f"{type(error).__name__}: {error}".split())
    _say(f"Internal error: {text}; run again with --debug for the traceback.")
    return INTERNAL


def _say(*sentences: str) -> None:
    sys.stderr.write("".join(f"{sentence}\n" for sentence in sentences))
    sys.stderr.flush()


def _prepare(debug: bool) -> None:
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets a question mark and no traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    logger = logging.getLogger("jamharness")
    if not logger.handlers:
        logger.addHandler(_ToStderr())
    logger.setLevel(logging.DEBUG if debug else logging.WARNING)
    logger.propagate = False


class _ToStderr(logging.Handler):
    """Writes to what is standard error at the time: the live display replaces it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        _say(self.format(record))
