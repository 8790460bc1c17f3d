"""What a spec names by text, imported and constructed: the only place where a framework is loaded."""

import os
from importlib import import_module
from typing import Any

from jamharness.api import Backend, DataRequest, JamharnessError, Patterns, PluginError
from jamharness.plugins.guard import plugin_code
from jamharness.plugins.host import Plugins


def load_object(path: str) -> Any:
    """Import what ``"package.module:attribute"`` names.

    Raises:
        PluginError: the module cannot be imported or has no such attribute.
    """
    module, _, attribute = path.partition(":")
    if not module or not attribute:
        raise PluginError(f"{path!r} must read 'package.module:name'.")
    try:
        with plugin_code(repr(path), "loading"):
            loaded: Any = import_module(module)
            for part in attribute.split("."):
                loaded = getattr(loaded, part)
    except JamharnessError:
        raise
    except Exception as error:
        text = " ".join(str(error).split())
        raise PluginError(
            f"{path!r} cannot be imported ({type(error).__name__}: {text}); reinstall or repair it."
        ) from error
    return loaded


def load_backend(
    name: str,
    device: str = "cpu",
    dtype: str = "float64",
    threads: int | None = None,
    plugins: Plugins | None = None,
) -> Backend:
    """Import a backend's framework in this process and construct the backend.

    Arguments:
        name: as ``jamharness plugins`` lists it.
        device: ``"cpu"``, ``"cuda"`` or ``"cuda:i"``.
        dtype: ``"float64"`` or ``"float32"``.
        threads: CPU threads to use; None leaves the framework's default.
        plugins: what is installed; None looks.

    Raises:
        BadInput: it does not exist or cannot be used here, or the device or dtype cannot.
        PluginError: its factory cannot be imported or makes something else.
    """
    spec = (plugins or Plugins.load()).backend(name)
    # Frameworks read these once, when they are imported; what the user has set stays.
    for variable, value in spec.environment.items():
        os.environ.setdefault(variable, value)
    factory = load_object(spec.factory)
    with plugin_code(f"backend {name!r}", "starting"):
        backend = factory(device=device, dtype=dtype, threads=threads)
    if not isinstance(backend, Backend):
        raise PluginError(
            f"Backend {name!r}: {spec.factory} made an object of type {type(backend).__name__}; "
            "it must make a jamharness.api.Backend."
        )
    return backend


def load_data(request: DataRequest, plugins: Plugins | None = None) -> Patterns:
    """Load the patterns that are asked for.

    Arguments:
        request: which data set, how many patterns of which dimension, which draw.
        plugins: what is installed; None looks.

    Raises:
        BadInput: the data set does not exist, lacks files or libraries, or does not have what is asked for.
        PluginError: its factory cannot be imported or returns something else.
    """
    spec = (plugins or Plugins.load()).dataset(request.dataset)
    factory = load_object(spec.factory)
    with plugin_code(f"data set {spec.name!r}", "loading"):
        patterns = factory(request)
    if not isinstance(patterns, Patterns):
        raise PluginError(
            f"Data set {spec.name!r}: {spec.factory} returned an object of type {type(patterns).__name__}; "
            "it must return Patterns."
        )
    return patterns


def system_class(plugins: Plugins, name: str) -> Any:
    """The class of a kind of system.

    Raises:
        BadInput: it does not exist, or is disabled or broken.
        PluginError: it cannot be imported.
    """
    return load_object(plugins.system(name).factory)
