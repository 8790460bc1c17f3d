"""The plugin host: finds what is installed, checks it, lists it, and refuses in one sentence what cannot be used."""

from jamharness.plugins.factories import load_backend, load_data, load_object, system_class
from jamharness.plugins.guard import plugin_code
from jamharness.plugins.host import Plugins
from jamharness.plugins.rows import PluginRow, Spec

__all__ = ["PluginRow", "Plugins", "Spec", "load_backend", "load_data", "load_object", "plugin_code", "system_class"]
