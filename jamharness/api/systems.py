"""Systems: what w is, and one formula for the gaps between where a constraint lies and where it would be violated.

A system knows no framework. Its formula is written in operators and in the functions of a ``Namespace``, which each
backend brings; from that formula a backend derives gradients, Jacobians and Hessians by automatic differentiation.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from jamharness.api.arrays import Float64
from jamharness.api.data import check_patterns
from jamharness.api.errors import BadInput, unknown_name
from jamharness.api.identity import generator
from jamharness.api.namespace import Data, Namespace


@dataclass(frozen=True, kw_only=True, eq=False)
class Backbone:
    """The part of a system at jamming that its contacts hold, as a packing without its rattlers.

    Arguments:
        contacts: (M,) which contacts hold it.
        present: (M,) which constraints lie between parts of it, contacts or not: those of no rattler.
        degrees: how many components of w they hold.
        trivial: motions of the whole that no contact can see, such as translations, or that w cannot make.
        rattlers: particles that nothing holds.
        extended: (M,) of these contacts, those that touch no buckler: the forces of bucklers have a law of their own
            (arXiv 1411.3975). All, where there are no bucklers.
    """

    contacts: NDArray[np.bool_]
    present: NDArray[np.bool_]
    degrees: int
    trivial: int = 0
    rattlers: int = 0
    extended: NDArray[np.bool_]

    @property
    def isostatic(self) -> int:
        """How many contacts hold it and no more: one for each degree of freedom that is left, and one for the load."""
        return self.degrees - self.trivial + 1 if self.degrees else 0


class System(ABC):
    """Degrees of freedom w in R^N under M constraints, as a frozen value that knows no framework.

    Constraint μ is satisfied at a margin κ when its gap g_μ(w) is at least κ: Δ_μ(w) = κ − g_μ(w) ≤ 0. The gap of a
    pattern is y f(x; w), that of two spheres r/(R_i + R_j) − 1. A larger κ is a larger load for every system.

    Attributes:
        along: the names of the data that have one row per constraint.
        schemes: the ways to draw an initial w.
        linear: whether the gaps are linear in w, so that Hp = 0.
        satisfiable: whether its gaps are constraints that may be satisfied; an energy is lowered and nothing else.
        block: how many constraints go through the formula at once; None for all of them.
    """

    along: ClassVar[tuple[str, ...]] = ()
    schemes: ClassVar[tuple[str, ...]] = ("normal",)
    linear: ClassVar[bool] = False
    satisfiable: ClassVar[bool] = True
    block: ClassVar[int | None] = None

    @property
    def coupled(self) -> bool:
        """Whether gaps of one block depend on each other's data, as under batch normalisation."""
        return False

    @property
    @abstractmethod
    def size(self) -> int:
        """N, the number of degrees of freedom."""

    @abstractmethod
    def gaps(self, xp: Namespace, w: Any, data: Data) -> Any:
        """g_μ(w) of shape (M,), for w (N,) and data as ``arrays`` gives them."""

    @property
    def groups(self) -> Mapping[str, slice]:
        """Named parts of w."""
        return {"w": slice(0, self.size)}

    @property
    def weights(self) -> int:
        """N_w, what P is divided by: N unless some parameters are no weights."""
        return self.size

    @property
    def radius(self) -> float | None:
        """|w| where w lives on a sphere; None where it is free."""
        return None

    @property
    def spheres(self) -> tuple[tuple[slice, float], ...]:
        """The parts of w that live on a sphere each, with its radius: by default all of w where there is a radius."""
        return () if self.radius is None else ((slice(0, self.size), self.radius),)

    @property
    def free(self) -> int:
        """How many directions w can move in."""
        return self.size - len(self.spheres)

    def arrays(self, data: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        """What the formula needs: what was given, checked, and what the system brings of its own.

        Raises:
            BadInput: all that is wrong with the data.
        """
        return data

    def draw(self, seed: int, scheme: str) -> Float64:
        """An initial w before ``retract``: independent N(0, 1)."""
        return generator("system", repr(self), scheme, seed).standard_normal(self.size)

    def initial(self, seed: int = 0, scheme: str | None = None) -> Float64:
        """An initial w (N,), the same bits for every backend.

        Arguments:
            seed: which draw.
            scheme: one of ``schemes``; None for the first.

        Raises:
            BadInput: an unknown scheme.
        """
        chosen = self.schemes[0] if scheme is None else scheme
        if chosen not in self.schemes:
            raise BadInput(unknown_name("initial scheme", chosen, self.schemes))
        return self.retract(self.draw(seed, chosen))

    def retract(self, w: Float64) -> Float64:
        """Back onto the manifold of w: every part that has a sphere onto its own."""
        moved = np.array(w) if self.spheres else w
        for part, radius in self.spheres:
            moved[part] *= radius / np.linalg.norm(moved[part])
        return moved

    @abstractmethod
    def load(self, constraints: int, margin: float) -> float:
        """The load of M constraints at a margin κ, in the field's unit: P/N, or a packing fraction."""

    def backbone(self, contacts: NDArray[np.bool_]) -> Backbone:
        """What the contacts (M,) at jamming hold: by default all that can move, and every contact takes part."""
        every = np.ones(len(contacts), dtype=bool)
        fixed = self.size - self.free
        return Backbone(contacts=contacts, present=every, degrees=self.size, trivial=fixed, extended=contacts)


@dataclass(frozen=True)
class SystemChoice:
    """A system by the name that it is registered under, as a setting: ``spheres``, or ``spheres(particles=64)``.

    Arguments:
        name: of the kind of system.
        value: the system; None where other settings of the protocol describe it.
    """

    name: str
    value: System | None = None

    def __str__(self) -> str:
        """As the user may type it."""
        if self.value is None:
            return self.name
        options = (f"{each.name}={getattr(self.value, each.name)}" for each in fields(self.value))  # type: ignore[arg-type]
        return f"{self.name}({','.join(options)})"


class LocalSystem(System):
    """A system each of whose constraints depends on a few components of w, as the contact of two particles does.

    One pass gives the derivatives of all constraints at once, instead of one for each.
    """

    @abstractmethod
    def support(self) -> NDArray[np.intp]:
        """Which components of w each constraint depends on, (M, k)."""

    @abstractmethod
    def local_gaps(self, xp: Namespace, parts: Any, data: Data) -> Any:
        """g_μ (M,) from the components (M, k) that each depends on, and data along the constraints."""

    def gaps(self, xp: Namespace, w: Any, data: Data) -> Any:
        """The local gaps at w."""
        return self.local_gaps(xp, xp.take(w, data["support"]), data)


class PatternSystem(System):
    """A system whose constraints are patterns x (P, d) with labels y (P,): g_μ = y_μ f(x_μ; w)."""

    along: ClassVar[tuple[str, ...]] = ("x", "y")

    inputs: int
    """d, the dimension of a pattern."""

    @abstractmethod
    def outputs(self, xp: Namespace, w: Any, x: Any) -> Any:
        """f(x; w) of shape (M,) for inputs x (M, d)."""

    def predictions(self, xp: Namespace, w: Any, data: Data) -> Any:
        """f(x; w) (M,) for the x among the data; a system whose f depends on more data than x overrides it."""
        return self.outputs(xp, w, data["x"])

    def gaps(self, xp: Namespace, w: Any, data: Data) -> Any:
        """Y f(x; w)."""
        return data["y"] * self.predictions(xp, w, data)

    def arrays(self, data: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        """Patterns and labels, checked.

        Raises:
            BadInput: shapes that do not fit, values that are not finite, or labels other than ±1.
        """
        x, y = data["x"], data["y"]
        check_patterns(x, y)
        if x.shape[1] != self.inputs:
            raise BadInput(f"x has {x.shape[1]} columns and the system {self.inputs} inputs; make them equal.")
        return {"x": x, "y": y}

    def load(self, constraints: int, margin: float) -> float:  # noqa: ARG002  (the margin is another axis here)
        """P/N."""
        return constraints / self.size
