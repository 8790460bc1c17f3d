"""What is said about plugins that cannot be used."""

from jamharness.api import PluginError
from jamharness.plugins.rows import PluginRow


def home(distribution: str, version: str) -> str:
    """A distribution and its version as one text."""
    return f"{distribution} {version}".strip() or "no distribution"


def title(kind: str, row: PluginRow) -> str:
    """What a row is about, and where it comes from."""
    return f"{kind.capitalize()} {row.name!r} ({home(row.distribution, row.version)})"


def unusable(kind: str, row: PluginRow) -> str:
    """Why something that the user named cannot be used, and what to do.

    Arguments:
        kind: what the user meant: ``"backend"``, ``"protocol"`` or ``"dataset"``.
        row: the row of it, or of the plugin of its name.
    """
    if row.state == "disabled":
        return f"{kind.capitalize()} {row.name!r} is {row.reason}; run again without that."
    if row.state == "missing dependency":
        return f"{kind.capitalize()} {row.name!r} cannot run: {row.reason}"
    return f"{title(kind, row)} cannot run, because its plugin is broken: {row.reason}"


def explain(error: BaseException) -> str:
    """An error in one line."""
    text = " ".join(str(error).split())
    if isinstance(error, PluginError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
