"""The settings of a search for the transition, which every protocol that begins with one shares."""

from dataclasses import dataclass

from jamharness_numerics.approach import LOSS

from jamharness.api import Cell, PatternSystem, QuadraticHinge, Spherical, System, SystemChoice, setting
from jamharness_protocols.common.settings import PAPER, NetworkSettings, beyond

CONSTRAINTS = ("none", "sphere", "layers")
_SEARCHED = ("highest_ratio", "resolution", "growth")
DATA_SETTINGS = (
    "dataset", "normalise", "labels", "projection", "fit", "test_fraction", "folder", "classes", "label_column",
)  # fmt: skip
APPROACH = "approach"
"""The task of ``common.jammed``."""
FIRST_TRIAL, AT_JAMMING = 3.0, 2.0
"""P/N_w where a search begins, and at which networks at fixed |w| are brought to jamming."""
OVERLAPPING = 0.2
"""κ at which an approach of a network at fixed |w| begins: a few times κ_J. From κ = 1, where nearly all patterns are
unsatisfied, it takes three times as many steps to a smaller κ_J (docs/at-jamming.md)."""
COMPRESSED = 0.06
"""κ at which an approach of a packing begins: beyond its reference fraction, where neighbours overlap."""


def not_of(system: str) -> dict[str, str]:
    """The settings of fully connected networks, which another system does not have."""
    reason = f"{system} has none; its own settings are listed by 'jamharness systems {system}'"
    return dict.fromkeys(("width", "depth", "inputs", "activation", "bias"), reason)


def patterns_at(load: float, system: PatternSystem, labels: str) -> int:
    """P at a load P/N_w: the nearest number that the labels allow.

    Arguments:
        load: P/N_w.
        system: of patterns.
        labels: ``"alternate"`` or ``"random"``.
    """
    parity = 2 if labels == "alternate" else 1
    return max(2, parity * round(load * system.weights / parity))


@dataclass(frozen=True, kw_only=True)
class SearchSettings(NetworkSettings):
    """What is measured, where a seed's search starts, how far it may go and when it ends."""

    system: SystemChoice = setting(  # noqa: RUF009
        SystemChoice("fully_connected"),
        help="what is measured: fully_connected, with the settings above, or a name from `jamharness systems` with its "
        "own settings beside it, as in system=spheres particles=64",
    )
    constraint: str = setting(
        "none",
        help="what is fixed of a network's weights: nothing, |w| (sphere), or |w| of every layer (layers); where it is "
        "fixed κ is a load, and jamming is approached in κ at a fixed P",
        choices=CONSTRAINTS,
        source="docs/at-jamming.md",
    )
    start_ratio: float | None = setting(
        None,
        help=f"P/N_w of the first trial (none: {FIRST_TRIAL:g}), or of networks at fixed |w| (none: {AT_JAMMING:g})",
        source=f"{PAPER}: the transition lies near 3; docs/at-jamming.md",
    )
    highest_ratio: float = setting(12.0, help="largest P/N_w that a scan over patterns may reach")
    resolution: float = setting(0.2, help="width in P/N_w at which a seed's bracket is narrow enough (scan=patterns)")
    growth: float = setting(1.25, help="factor between trials while one end of the bracket is missing")
    start_margin: float | None = setting(
        None,
        help="κ at which an approach to jamming in κ begins; none: "
        f"{OVERLAPPING} for networks at fixed |w|, margin for other systems of patterns, {COMPRESSED} for packings",
        source="docs/at-jamming.md",
    )
    both_sides: bool = setting(
        False,
        help="find κ_J from the satisfied side too, as the largest margin near a displaced w",
        source="docs/at-jamming.md",
    )
    jammed: float = setting(LOSS, help="L at which such an approach ends", source="docs/systems.md: overlaps of 1e-7")

    def problems(self) -> list[str]:
        """One sentence for each value that cannot be."""
        problems = super().problems() + self._constraint_problems()
        problems += beyond(start_ratio=self.start_ratio, highest_ratio=self.highest_ratio)
        for name, value in (
            ("start_ratio", self.first_ratio),
            ("highest_ratio", self.highest_ratio),
            ("resolution", self.resolution),
        ):
            if not 0 < value < float("inf"):
                problems.append(f"{name} = {value}: it must be a positive number, in units of P/N_w.")
        if not self.growth > 1:
            problems.append(f"growth = {self.growth}: it must be above 1, as in growth=1.25.")
        if self.system.value is not None and not self.system.value.satisfiable:
            problems.append(
                f"system = {self.system.name}: it has an energy and nothing to satisfy; use it with ageing."
            )
        if isinstance(self.system.value, PatternSystem) and "y" not in self.system.value.along:
            problems.append(
                f"system = {self.system.name}: its labels are no ±1, as those of data sets are; use it from Python."
            )
        if self.system.value is not None and not isinstance(self.system.value, PatternSystem):
            problems += [
                f"{name} = {getattr(self, name)}: {self.system.name} goes to jamming from start_margin; leave it out."
                for name, default in (("margin", 1.0), ("minimiser", "lm"), ("budget", None), ("patterns", None))
                if getattr(self, name, default) != default
            ]
        if not 1e-26 <= self.jammed <= 1e-6:
            problems.append(
                f"jammed = {self.jammed}: an approach ends at L between 1e-26, where rounding is, and 1e-6."
            )
        return problems

    def _constraint_problems(self) -> list[str]:
        if self.constraint == "none" or (self.system.value is not None and self.constraint == type(self).constraint):
            return []
        if self.system.value is not None:
            return [
                f"constraint = {self.constraint}: it is for networks; {self.system.name} has its own. Leave it out."
            ]
        return [
            f"{name} = {getattr(self, name)}: at fixed |w| κ is approached by least squares and Newton steps to rest; "
            "leave it out, or measure free networks with constraint=none."
            for name, default in self._unused().items()
            if getattr(self, name) != default
        ]

    def unused(self) -> dict[str, str]:
        """The settings that the others leave without effect, each with the reason."""
        reasons: dict[str, str] = {}
        system = self.measured()
        patterned = isinstance(system, PatternSystem)
        if self.system.value is None or patterned:
            reasons |= super().unused()
        else:
            reasons |= dict.fromkeys(DATA_SETTINGS, f"{self.system.name} has no patterns")
        if self.system.value is not None:
            reasons |= not_of(self.system.name)
        if self.initial not in system.schemes:
            reasons["initial"] = f"{self.system.name} draws its w as {' or '.join(system.schemes)}"
        if not self.continuous:
            reasons |= dict.fromkeys(("start_margin", "both_sides", "jammed"), "P is searched, not κ")
            if getattr(self, "patterns", None) is not None:
                reasons["highest_ratio"] = "patterns says how many there are"
            return reasons
        reasons |= dict.fromkeys(
            (*_SEARCHED, "minimiser", "budget"), "jamming is approached in κ, and P is not searched"
        )
        if isinstance(system, Spherical) or (self.start_margin is not None and patterned):
            reasons["margin"] = "start_margin says where the approach begins"
        if not patterned or getattr(self, "patterns", None) is not None:
            reasons["start_ratio"] = "patterns gives P" if patterned else f"{self.system.name} has no patterns"
        return reasons

    @property
    def continuous(self) -> bool:
        """Whether jamming is approached in κ."""
        return self.approached

    def _unused(self) -> dict[str, object]:
        """The settings that an approach in κ does not use, with their defaults."""
        return {"minimiser": "lm", "budget": None}

    def _margin_problems(self) -> list[str]:
        """Where κ is a load, it may be negative."""
        if not self.approached:
            return super()._margin_problems()
        bounds = {"margin": self.margin, "start_margin": self.start_margin or 0.0}
        return [
            f"{name} = {value}: κ must lie between −100 and 100." for name, value in bounds.items() if abs(value) > 100
        ]

    def _network_problems(self) -> list[str]:
        """A network that is not measured has none."""
        return super()._network_problems() if self.system.value is None else []

    @property
    def confined(self) -> bool:
        """Whether it is a network at fixed |w|."""
        return self.system.value is None and self.constraint != "none"

    @property
    def free_scale(self) -> bool:
        """Whether it is another system of patterns than networks, whose outputs may be scaled freely."""
        return isinstance(self.system.value, PatternSystem) and not self.system.value.spheres

    @property
    def first_ratio(self) -> float:
        """P/N_w of the first trial, or of an approach."""
        if self.start_ratio is not None:
            return self.start_ratio
        return AT_JAMMING if self.confined else FIRST_TRIAL

    @property
    def first_margin(self) -> float:
        """κ at which an approach in κ begins."""
        if self.start_margin is not None:
            return self.start_margin
        system = self.measured()
        if isinstance(system, Spherical):
            return OVERLAPPING
        return self.margin if isinstance(system, PatternSystem) else COMPRESSED

    @property
    def approached(self) -> bool:
        """Whether it is no free network, so that κ may be a load."""
        return self.system.value is not None or self.constraint != "none"

    def measured(self) -> System:
        """What is measured."""
        if self.system.value is not None:
            return self.system.value
        if self.constraint == "none":
            return self.network()
        return Spherical(network=self.network(), layers=self.constraint == "layers")

    def patterned(self) -> PatternSystem:
        """What is measured, where its constraints are patterns."""
        system = self.measured()
        assert isinstance(system, PatternSystem)
        return system

    def approach(self, seed: int, patterns: int) -> Cell:
        """One approach to jamming in κ, the same cell for every protocol that asks for it.

        Arguments:
            seed: of data and initial w.
            patterns: P, for systems of patterns.
        """
        system = self.measured()
        coordinates = {"seed": seed, "initial": self.scheme(system), "loss": self.jammed}
        if self.both_sides:
            coordinates["below"] = True
        if isinstance(system, PatternSystem):
            return Cell(
                task=APPROACH,
                system=system,
                loss=QuadraticHinge(margin=self.first_margin),
                coordinates={**coordinates, "patterns": patterns},
                dataset=self.request(seed, system.inputs, patterns),
                label=f"seed {seed}, P = {patterns}, P/N_w = {patterns / system.weights:.2f}",
                cost=float(patterns) * system.size**2,
            )
        return Cell(
            task=APPROACH,
            system=system,
            loss=QuadraticHinge(margin=self.first_margin),
            coordinates=coordinates,
            label=f"seed {seed}, N = {system.size}",
            cost=float(system.size) ** 3,
        )
