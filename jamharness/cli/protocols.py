"""Protocols as the command line needs them: constructed, for what they say about themselves."""

from collections.abc import Iterable, Mapping
from typing import Any

from jamharness.api import JamharnessError, Observable, PluginError, Protocol
from jamharness.plugins import Plugins, load_object, plugin_code


def protocol_of(plugins: Plugins, name: str) -> Protocol[Any]:
    """A protocol by name.

    Raises:
        BadInput: it does not exist or cannot be used.
        PluginError: it cannot be constructed.
    """
    spec = plugins.protocol(name)
    factory = load_object(spec.factory)
    try:
        with plugin_code(f"protocol {name!r}", "starting"):
            protocol: Protocol[Any] = factory()
    except PluginError:
        raise
    except Exception as error:
        raise PluginError(
            f"Protocol {name!r}: {spec.factory} cannot be constructed ({type(error).__name__}: {error})."
        ) from error
    return protocol


def observables_of(plugins: Plugins, names: Iterable[str]) -> dict[str, Mapping[str, Observable]]:
    """The observables of each protocol, as far as it can say; a summary goes without them rather than fail."""
    observables = {}
    for name in names:
        try:
            observables[name] = protocol_of(plugins, name).observables
        except (JamharnessError, AttributeError):
            observables[name] = {}
    return observables
