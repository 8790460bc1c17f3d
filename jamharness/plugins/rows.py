"""One row of the list of plugins, and what is said about those that cannot be used."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from jamharness.api import BackendSpec, DatasetSpec, Json, PluginError, ProtocolSpec, SystemSpec
from jamharness.texts import cut

Spec: TypeAlias = BackendSpec | ProtocolSpec | SystemSpec | DatasetSpec

KINDS: Mapping[str, type[Spec]] = {
    "backend": BackendSpec,
    "protocol": ProtocolSpec,
    "system": SystemSpec,
    "dataset": DatasetSpec,
}
_LONGEST = 1_000
"""Characters of an error that are shown."""
STATES = ("ready", "disabled", "missing dependency", "broken")


@dataclass(frozen=True, kw_only=True)
class PluginRow:
    """Something that a plugin offers, or a plugin that offers nothing yet or cannot be used.

    Arguments:
        kind: ``"backend"``, ``"protocol"``, ``"system"``, ``"dataset"``, or ``"plugin"`` for all else.
        name: what the user types; of a plugin the name of its entry point.
        distribution: the installed distribution that it comes from.
        version: of the distribution.
        api: the version of ``jamharness.api`` that it was written for, as ``"1.0"``; empty for a plugin.
        capabilities: of a backend, as it declares them; of a plugin, the hooks that it implements.
        derived: of a backend, what the api derives of that: how, by the capability.
        state: ``"ready"``, ``"disabled"``, ``"missing dependency"`` or ``"broken"``.
        reason: why it is not ready, in one sentence; empty when it is.
        summary: the plugin's own line about it.
        versions: of a backend, the installed version of each distribution that it needs.
    """

    kind: str
    name: str
    distribution: str
    version: str
    api: str = ""
    capabilities: tuple[str, ...] = ()
    derived: Mapping[str, str] = field(default_factory=dict)
    state: str = "ready"
    reason: str = ""
    summary: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        """The row as JSON values."""
        return {
            "kind": self.kind,
            "name": self.name,
            "distribution": self.distribution,
            "version": self.version,
            "api": self.api,
            "capabilities": list(self.capabilities),
            "derived": dict(self.derived),
            "state": self.state,
            "reason": self.reason,
            "summary": self.summary,
            "versions": dict(self.versions),
        }


def home(distribution: str, version: str) -> str:
    """A distribution and its version as one text."""
    return f"{distribution} {version}".strip() or "no distribution"


def title(kind: str, row: PluginRow) -> str:
    """What a row is about, and where it comes from."""
    return f"{kind.capitalize()} {row.name!r} ({home(row.distribution, row.version)})"


def unusable(kind: str, row: PluginRow) -> str:
    """Why something that the user named cannot be used, and what to do.

    Arguments:
        kind: what the user meant: ``"backend"``, ``"protocol"``, ``"system"`` or ``"dataset"``.
        row: the row of it, or of the plugin of its name.
    """
    if row.state == "disabled":
        return f"{kind.capitalize()} {row.name!r} is {row.reason}; run again without that."
    if row.state == "missing dependency":
        return f"{kind.capitalize()} {row.name!r} cannot run: {row.reason}"
    return f"{title(kind, row)} cannot run, because its plugin is broken: {row.reason}"


def explain(error: BaseException) -> str:
    """An error in one line, and not a long one."""
    text = cut(" ".join(str(error).split()), _LONGEST)
    if isinstance(error, PluginError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
