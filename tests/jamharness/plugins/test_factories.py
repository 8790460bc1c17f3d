"""Factories are imported by name, in the process that needs them."""

import os

import numpy as np
import pytest

from jamharness.api import Backend, BadInput, DataRequest, Network, PluginError
from jamharness.plugins import Plugins, load_backend, load_data, load_object


def test_an_object_is_found_by_module_and_attribute():
    """Dots after the colon go into attributes."""
    assert load_object("os.path:join") is os.path.join
    assert load_object("jamharness.api:Network.initial") is Network.initial


@pytest.mark.parametrize("path", ["no_such_module:x", "os:no_such_attribute", "os", ":x", "os:"])
def test_what_cannot_be_found_is_a_sentence(path):
    """The error names the text that was followed."""
    with pytest.raises(PluginError, match=path or "module"):
        load_object(path)


def test_the_referee_loads_by_name():
    """load_backend gives a working backend."""
    backend = load_backend("numpy", dtype="float32")
    assert isinstance(backend, Backend)
    assert (backend.device, backend.dtype, backend.threads) == ("cpu", "float32", None)
    network = Network(inputs=2, width=3, depth=1)
    problem = backend.problem(network, np.eye(2), np.array([-1.0, 1.0]))
    assert problem.margins(network.initial()).shape == (2,)


def test_wrong_devices_are_bad_input():
    """All that is wrong at once, from the backend itself."""
    with pytest.raises(BadInput) as raised:
        load_backend("numpy", device="gpu", dtype="float16")
    assert len(raised.value.problems) == 2


def test_the_environment_is_set_before_the_framework_is_imported(install, monkeypatch: pytest.MonkeyPatch):
    """A spec's variables are there when its module is imported, and what the user has set stays."""
    install(
        "careful",
        "import os\n"
        "from jamharness.api import BackendSpec, hookimpl\n"
        "from jamharness_numpy.backend import NumpyBackend\n"
        "seen = []\n"
        "def make(**given):\n"
        "    seen.append((os.environ.get('CAREFUL_NEW'), os.environ.get('CAREFUL_OLD')))\n"
        "    return NumpyBackend(**given)\n"
        "@hookimpl\n"
        "def jamharness_backends():\n"
        "    return [BackendSpec(name='careful', factory='careful_module:make',\n"
        "        environment={'CAREFUL_NEW': 'spec', 'CAREFUL_OLD': 'spec'})]\n",
    )
    monkeypatch.setenv("CAREFUL_OLD", "user")
    monkeypatch.setenv("CAREFUL_NEW", "")
    monkeypatch.delenv("CAREFUL_NEW")
    load_backend("careful")
    assert load_object("careful_module:seen") == [("spec", "user")]


def test_a_factory_that_makes_something_else_is_refused(install):
    """Neither a backend nor a data set is taken on trust."""
    install(
        "impostor",
        "from jamharness.api import BackendSpec, DatasetSpec, hookimpl\n"
        "def make(*args, **given):\n    return 7\n"
        "@hookimpl\ndef jamharness_backends():\n"
        "    return [BackendSpec(name='seven', factory='impostor_module:make')]\n"
        "@hookimpl\ndef jamharness_datasets():\n"
        "    return [DatasetSpec(name='seven', factory='impostor_module:make')]\n",
    )
    plugins = Plugins.load()
    with pytest.raises(PluginError, match="type int"):
        load_backend("seven", plugins=plugins)
    with pytest.raises(PluginError, match="type int"):
        load_data(DataRequest(dataset="seven"), plugins=plugins)


def test_data_load_by_request():
    """The built-in data come through the same door."""
    patterns = load_data(DataRequest(dataset="random", inputs=3, patterns=8, seed=1))
    assert patterns.x.shape == (8, 3)
