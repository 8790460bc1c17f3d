"""The unit of work: one cell is planned, measured in a worker, stored, and never measured twice."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from numpy.typing import NDArray

from jamharness.api.data import DataRequest, Patterns
from jamharness.api.identity import Json

Coordinates: TypeAlias = Mapping[str, Json]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One measurement that a protocol asks for.

    Arguments:
        protocol: the protocol's name.
        coordinates: everything else that can change its numbers, apart from backend and data; JSON values.
        dataset: the data that it computes on; the host loads them.
        label: what to show while it runs; not part of its identity.
        cost: expected cost relative to the protocol's other cells, for the estimate of the time left.
        data: filled in by the host before ``measure``.
    """

    protocol: str
    coordinates: Coordinates
    dataset: DataRequest | None = None
    label: str = field(default="", compare=False)
    cost: float = field(default=1.0, compare=False)
    data: Patterns | None = field(default=None, compare=False, repr=False)

    def identity(self) -> dict[str, Json]:
        """The part of a store key that the protocol decides."""
        return {
            "protocol": self.protocol,
            "coordinates": dict(self.coordinates),
            "dataset": self.dataset.identity() if self.dataset else None,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class CellResult:
    """What ``measure`` found.

    Arguments:
        values: JSON values: the row of the cell.
        arrays: NumPy arrays kept beside it.
    """

    values: Mapping[str, Json]
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class FinishedCell:
    """A cell that has been tried: with its result, or with the reason why there is none."""

    cell: Cell
    result: CellResult | None = None
    failure: str | None = None
