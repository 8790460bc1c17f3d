"""The errors that cross the walls, each a sentence for the person who reads it."""

from collections.abc import Iterable
from difflib import get_close_matches


class JamharnessError(Exception):
    """Any error that jamharness raises on purpose; its text is meant for the user."""


class BadInput(JamharnessError):
    """What the user asked for cannot be done as written.

    Arguments:
        problems: one sentence for each thing that is wrong, all of them at once.
    """

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))

    def __reduce__(self) -> tuple[type["BadInput"], tuple[str, ...]]:
        return type(self), self.problems


class PluginError(JamharnessError):
    """A plugin is missing, broken, disabled or speaks another version of the api."""


class BackendError(PluginError):
    """A backend computed something that cannot be right; names it, the method, what came and what was due."""


class NotSupported(JamharnessError):
    """A backend lacks a capability for which no generic fallback exists."""


def unknown_name(kind: str, name: str, allowed: Iterable[str]) -> str:
    """One sentence for a name that does not exist: the value, the nearest valid name, and all that is allowed.

    Arguments:
        kind: what the name should have been, such as ``"backend"``.
        name: what the user wrote.
        allowed: the valid names.
    """
    names = sorted(allowed)
    near = get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    choices = ", ".join(names) if names else "none is installed"
    return f"Unknown {kind} {name!r} (allowed: {choices}){hint}"
