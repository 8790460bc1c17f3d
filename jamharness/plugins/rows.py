"""One row of the list of plugins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from jamharness.api import BackendSpec, DatasetSpec, Json, ProtocolSpec

Spec: TypeAlias = BackendSpec | ProtocolSpec | DatasetSpec

KINDS: Mapping[str, type[Spec]] = {"backend": BackendSpec, "protocol": ProtocolSpec, "dataset": DatasetSpec}
STATES = ("ready", "disabled", "missing dependency", "broken")


@dataclass(frozen=True, kw_only=True)
class PluginRow:
    """Something that a plugin offers, or a plugin that offers nothing yet or cannot be used.

    Arguments:
        kind: ``"backend"``, ``"protocol"``, ``"dataset"``, or ``"plugin"`` for all else.
        name: what the user types; of a plugin the name of its entry point.
        distribution: the installed distribution that it comes from.
        version: of the distribution.
        api: the version of ``jamharness.api`` that it was written for, as ``"1.0"``; empty for a plugin.
        capabilities: of a backend, as it declares them; of a plugin, the hooks that it implements.
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
            "state": self.state,
            "reason": self.reason,
            "summary": self.summary,
            "versions": dict(self.versions),
        }
