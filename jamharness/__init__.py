"""Measure the jamming transition of neural networks, in any framework.

The names below are loaded when first used, so that ``import jamharness`` stays instant and loads no framework.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jamharness.api import Adam, Fire, Flow, Network, QuadraticHinge, Sgd, State
    from jamharness.plugins import load_backend
    from jamharness.running import Run, open_run, register, run, run_claim

_HOME = {
    "Adam": "jamharness.api",
    "Fire": "jamharness.api",
    "Flow": "jamharness.api",
    "Network": "jamharness.api",
    "QuadraticHinge": "jamharness.api",
    "Run": "jamharness.running",
    "Sgd": "jamharness.api",
    "State": "jamharness.api",
    "load_backend": "jamharness.plugins",
    "open_run": "jamharness.running",
    "register": "jamharness.running",
    "run": "jamharness.running",
    "run_claim": "jamharness.running",
}

__all__ = [
    "Adam",
    "Fire",
    "Flow",
    "Network",
    "QuadraticHinge",
    "Run",
    "Sgd",
    "State",
    "load_backend",
    "open_run",
    "register",
    "run",
    "run_claim",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("jamharness")
    if name not in _HOME:
        raise AttributeError(f"module 'jamharness' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
