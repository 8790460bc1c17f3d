import subprocess
import sys
from importlib import import_module

from jamharness.datasets.plugin import jamharness_datasets


def test_every_declared_data_set_has_its_factory():
    """A spec names a function that exists, and the seven data sets are there."""
    specs = list(jamharness_datasets())
    assert [spec.name for spec in specs] == ["random", "digits", "mnist", "mnist5k", "fashion-mnist", "cifar10", "file"]
    for spec in specs:
        module, function = spec.factory.split(":")
        assert callable(getattr(import_module(module), function))


def test_the_hook_is_marked_for_the_host():
    """pluggy finds the hook by its mark."""
    import pluggy

    manager = pluggy.PluginManager("jamharness")
    assert manager.parse_hookimpl_opts(import_module("jamharness.datasets.plugin"), "jamharness_datasets") is not None


def test_listing_data_sets_imports_nothing_heavy():
    """Neither the plugin nor the loaders import more than numpy until a data set is loaded."""
    code = (
        "import sys, jamharness.datasets.plugin as p; list(p.jamharness_datasets());"
        "light = set(sys.modules);"
        "from jamharness.datasets import cifar10, digits, mnist, mnist5k, own_file, random;"
        "heavy = {'sklearn', 'scipy', 'pandas', 'pooch', 'requests', 'psutil', 'threadpoolctl', 'matplotlib', 'torch'};"
        "print(sorted(heavy & set(sys.modules)), 'jamharness.datasets.real' in light)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[] False"
