"""The unit of work: one cell is planned, measured in a worker, stored, and never measured twice."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from numpy.typing import NDArray

from jamharness.api.data import DataRequest, Patterns
from jamharness.api.identity import Json
from jamharness.api.loss import Loss
from jamharness.api.systems import System

if TYPE_CHECKING:
    from jamharness.api.checkpoints import Checkpoints

Coordinates: TypeAlias = Mapping[str, Any]
"""JSON values by name."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One measurement that a protocol asks for; equal cells are one, whichever protocol asks.

    Arguments:
        task: what measures it: a name among the protocol's ``ProtocolSpec.tasks``, or the name of a protocol that has
            none.
        system: what is measured; of a class that a plugin registers by ``jamharness_systems``.
        loss: what is minimised.
        coordinates: everything else that can change its numbers, apart from backend and data; JSON values.
        dataset: the data that it computes on; the host has them loaded.
        needs: cells whose results ``measure`` is handed, in this order. They are measured first, need not be planned
            themselves, and are among the finished cells that plan and analysis see.
        label: what to show while it runs; not part of its identity.
        cost: expected cost relative to the protocol's other cells, for the estimate of the time left.
        data: filled in by the host before ``measure``.
        checkpoints: likewise; None where nothing is kept before the cell is finished.
    """

    task: str
    system: System | None = None
    loss: Loss | None = None
    coordinates: Coordinates = field(default_factory=dict)
    dataset: DataRequest | None = None
    needs: "tuple[Cell, ...]" = ()
    label: str = field(default="", compare=False)
    cost: float = field(default=1.0, compare=False)
    data: Patterns | None = field(default=None, compare=False, repr=False)
    checkpoints: "Checkpoints | None" = field(default=None, compare=False, repr=False)


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
    """A cell that has been tried: with its result, or with the reason why there is none.

    Arguments:
        cell: what was asked for.
        result: what was measured.
        failure: why there is no result.
        key: under which the store has it, so that a table can name it; empty where it has none.
    """

    cell: Cell
    result: CellResult | None = None
    failure: str | None = None
    key: str = ""
