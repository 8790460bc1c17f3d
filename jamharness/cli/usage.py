"""What the command line's library says about wrong usage, in the words of this program."""

from typing import Any

import typer
from typer.core import TyperGroup

from jamharness.api import BadInput, unknown_name

EXIT_CODES = (
    "Exit codes: 0 done; 1 the science said no; 2 bad input; 3 a claim is undecided; 70 an error of this program; "
    "74 the result could not be written; 130 interrupted."
)
FLAGS = ("--debug", "--strict-plugins")
VALUED = ("--disable",)


class Group(TyperGroup):
    """The commands; an unknown one is answered with the nearest."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that the first argument names.

        Raises:
            BadInput: there is none.
        """
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            raise BadInput(unknown_name("command", name, self.list_commands(ctx)))
        return super().resolve_command(ctx, args)


def is_usage_error(error: BaseException) -> bool:
    """Whether the command line's library raised it for what the user typed."""
    # The class has moved between releases of the library; what it derives from has kept its place.
    return isinstance(error, typer.BadParameter.__mro__[2])


def explain_usage(error: Any) -> str:
    """One sentence for a usage error: the value, what is allowed, or where to read on."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "jamharness"
    option = getattr(error, "option_name", None)
    if option and type(error).__name__ == "NoSuchOption":
        allowed = (
            {name for each in context.command.params for name in (*each.opts, *each.secondary_opts)} if context else ()
        )
        options = [name for name in (*allowed, "--help") if name.startswith("-")]
        return unknown_name(f"option of '{path}'", option, options)
    message = " ".join(str(error.format_message()).split()).rstrip(".")
    return f"{message}; see: {path} --help"


def hoist(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Split the options of the whole program from the rest, so that they may stand after the command too.

    Arguments:
        arguments: as typed.

    Returns:
        The options of the whole program with their values, and all else.

    Raises:
        BadInput: an option lacks its value.
    """
    options: list[str] = []
    rest: list[str] = []
    left = iter(arguments)
    for argument in left:
        if argument == "--":
            rest += [argument, *left]
        elif argument in FLAGS or argument.startswith(tuple(f"{name}=" for name in VALUED)):
            options.append(argument)
        elif argument in VALUED:
            value = next(left, "")
            if not value or value.startswith("-"):
                raise BadInput(f"Option {argument} needs the name of a plugin; see: jamharness plugins")
            options.append(f"{argument}={value}")
        else:
            rest.append(argument)
    return options, rest
