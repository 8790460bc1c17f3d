"""What the machine and the libraries were."""

import json
import os
import platform
from importlib.metadata import version

import numpy as np

from jamharness.environment import describe_environment
from jamharness.plugins import Plugins


def test_it_names_python_machine_and_libraries():
    """Versions are those of the interpreter that runs, and the whole is JSON."""
    environment = describe_environment(Plugins.load())
    assert environment["python"] == platform.python_version()
    assert environment["versions"]["numpy"] == np.__version__
    assert environment["versions"]["jamharness"] == version("jamharness")
    assert 1 <= environment["cores"] <= environment["threads"]
    assert environment["usable_threads"] <= environment["threads"]
    assert abs(environment["memory_gib"] - os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30) < 0.1
    assert json.loads(json.dumps(environment)) == environment


def test_plugins_add_to_it(plugin_distribution, monkeypatch):
    """Each under its own name, as texts; a plugin that returns something else adds nothing."""
    hook = "from jamharness.api import hookimpl\n@hookimpl\ndef jamharness_describe_environment():\n    return "
    folder = plugin_distribution("cluster-facts", {"cluster_facts": hook + "{'queue': 7}"}, {"facts": "cluster_facts"})
    monkeypatch.syspath_prepend(str(folder))
    folder = plugin_distribution("odd-facts", {"odd_facts": hook + "3"}, {"odd": "odd_facts"})
    monkeypatch.syspath_prepend(str(folder))
    environment = describe_environment(Plugins.load())
    assert environment["plugins"] == {"facts (cluster-facts)": {"queue": "7"}}
