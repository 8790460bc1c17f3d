"""Where in the space of parameters two backends are compared."""

from dataclasses import dataclass

from jamharness.api.data import DataRequest
from jamharness.api.network import Network


@dataclass(frozen=True, kw_only=True)
class Situation:
    """A network, its patterns and its initial weights, typical of what a protocol computes.

    Arguments:
        label: what to call it.
        network: the network.
        dataset: the data; the first ``patterns`` of them are used.
        patterns: P.
        margin: κ.
        seed: of the initial weights.
        scheme: of the initial weights.
    """

    label: str
    network: Network
    dataset: DataRequest
    patterns: int
    margin: float = 1.0
    seed: int = 0
    scheme: str = "orthogonal"
