"""The mark that makes a function a hook implementation, without importing the plugin host's library."""

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def hookimpl(function: F) -> F:
    """Mark a module's function as an implementation of the jamharness hook of the same name.

    It sets what ``pluggy.HookimplMarker("jamharness")`` sets without options, so that plugins need numpy alone to
    declare.
    """
    options = {
        "wrapper": False, "hookwrapper": False, "optionalhook": False,
        "tryfirst": False, "trylast": False, "specname": None,
    }  # fmt: skip
    function.jamharness_impl = options  # type: ignore[attr-defined]
    return function
