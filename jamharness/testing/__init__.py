"""The conformance suite that every backend passes; a third party runs it by one import.

In a file ``tests/test_conformance.py``::

    from jamharness.testing import Conformance

    class TestMine(Conformance):
        backend = "mine"

This module stays light, because pytest loads ``jamharness.testing.plugin`` wherever jamharness is installed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jamharness.testing.suite import Conformance

__all__ = ["Conformance"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'jamharness.testing' has no attribute {name!r}")
    return getattr(import_module("jamharness.testing.suite"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
