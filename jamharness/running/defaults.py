"""What was asked for that is not the default."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from jamharness.api import BadInput, Json, PluginError
from jamharness.plugins import Plugins
from jamharness.running.experiments import load_protocol, plain_settings


class Defaults:
    """The default settings of protocols, each looked up once.

    Arguments:
        plugins: where protocols come from.
    """

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins
        self._known: dict[str, dict[str, Json]] = {}

    def changed(self, protocol: str, settings: Mapping[str, Json]) -> dict[str, Json]:
        """The settings that differ from the protocol's defaults: all of them where it is not installed any more.

        Arguments:
            protocol: its name.
            settings: as JSON values, as a run's record has them.
        """
        defaults = self._of(protocol)
        return {name: value for name, value in settings.items() if name not in defaults or defaults[name] != value}

    def _of(self, protocol: str) -> dict[str, Json]:
        if protocol not in self._known:
            try:
                self._known[protocol] = _defaults(load_protocol(self._plugins, protocol).Settings)
            except (BadInput, PluginError):
                self._known[protocol] = {}
        return self._known[protocol]


def _defaults(kind: type[Any]) -> dict[str, Json]:
    defaults = {}
    for field in fields(kind):
        if field.default is not MISSING:
            defaults[field.name] = field.default
        elif field.default_factory is not MISSING:
            defaults[field.name] = field.default_factory()
    return plain_settings(defaults)
