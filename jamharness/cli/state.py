"""What all commands share."""

from dataclasses import dataclass

import typer

from jamharness.plugins import Plugins


@dataclass(frozen=True, kw_only=True)
class State:
    """What was found out before the command began.

    Arguments:
        plugins: what is installed.
    """

    plugins: Plugins


def plugins_of(context: typer.Context) -> Plugins:
    """The plugins that were loaded before the command began."""
    state = context.find_object(State)
    assert state is not None
    return state.plugins
