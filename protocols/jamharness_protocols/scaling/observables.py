"""What the scaling protocol estimates."""

from collections.abc import Container, Mapping
from typing import Any

from jamharness.api import Observable
from jamharness_protocols.scaling.settings import SOURCE

_MNIST: Mapping[str, Container[Any]] = {
    "dataset": ("mnist",), "classes": ("parity",), "activation": ("relu",), "inputs": (10,)
}  # fmt: skip


def _of(unit: str, meaning: str, published: str = "") -> Observable:
    return Observable(
        unit=unit,
        meaning=meaning,
        source=SOURCE,
        comparison="distribution",
        published=published,
        published_for=_MNIST if published else {},
    )


OBSERVABLES: Mapping[str, Observable] = {
    "scaling_exponent": _of("", "x of N* ~ P^x, N* in weights", "3/4"),
    "scaling_exponent_random": _of("", "the same with random labels on the same inputs", "1"),
    "local_exponent": _of("", "x between the two largest P", "3/4"),
    "local_exponent_random": _of("", "the same with random labels", "1"),
    "exponent_gap": _of("", "the second less the first: how much less than proportionally data ask for weights"),
    "decades": _of("decades", "log10 of the largest P over the smallest"),
    "critical_weights": _of("weights", "N* at the largest P, mean over seeds"),
    "critical_weights_random": _of("weights", "the same with random labels"),
}
