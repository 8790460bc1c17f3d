"""The settings of the ageing protocol."""

from dataclasses import dataclass, replace
from math import log10
from typing import Any

import numpy as np
from jamharness_systems.classes import ManyClasses
from jamharness_systems.layered import Layered
from jamharness_systems.p_spin import PSpin

from jamharness.api import (
    LOSSES,
    BadInput,
    DataRequest,
    Linear,
    Loss,
    PatternSystem,
    QuadraticHinge,
    SquaredDistance,
    System,
    SystemChoice,
    setting,
)
from jamharness_protocols.common.search_settings import DATA_SETTINGS, not_of, patterns_at
from jamharness_protocols.common.settings import NetworkSettings, beyond

DYNAMICS = "arXiv 1803.06969"
DEFAULT_BUDGETS = {"sgd": 10_000, "langevin": 1000}
_FLAT = ("flat_steps", "flat_threshold", "flat_probes", "flat_patterns")
_LEAST_LAST = 10
"""The last waiting time is that part of the budget: every curve spans a decade at least."""


@dataclass(frozen=True, kw_only=True)
class AgeingSettings(NetworkSettings):
    """Settings of the ageing protocol."""

    system: SystemChoice = setting(  # noqa: RUF009
        SystemChoice("fully_connected"),
        help="what is measured: fully_connected, with the settings above, or a name from `jamharness systems` with its "
        "own settings beside it, as in system=p_spin spins=128 p=3, or system=small_net dataset=mnist",
    )
    loss: str = setting(
        "auto",
        help="of a system with patterns: auto is cross_entropy, of all classes where there are several, and "
        "mean_square of the toy network; under the hinge nothing moves any more once all patterns are satisfied",
        choices=("auto", *(name for name in LOSSES if name not in ("linear", "squared_distance"))),
        source=f"{DYNAMICS}: negative log-likelihood; toy: mean square",
    )
    load: float = setting(1.0, help="P/N_w; large loads are under-parametrised")
    patterns: int | None = setting(None, help="P; none: load times N_w")
    minimiser: str = setting(
        "auto",
        help="minibatches (sgd) or Langevin's equation (langevin); auto: sgd where there are patterns",
        choices=("auto", "sgd", "langevin"),
    )
    learning_rate: float = setting(0.05, help="of sgd", source=f"{DYNAMICS} has .01 for its convolutional networks")
    momentum: float = setting(0.0, help="of sgd", source=f"{DYNAMICS}: 0 or .5")
    batch: int = setting(100, help="patterns of a minibatch; all, where there are fewer", source=DYNAMICS)
    temperature: float = setting(0.0, help="T of langevin; 0 is gradient flow")
    dt: float = setting(0.05, help="the length of a step of langevin, in units of time")
    budget: int | None = setting(
        None,
        help="updates of sgd, or steps of langevin; none: "
        + ", ".join(f"{rule} {count}" for rule, count in DEFAULT_BUDGETS.items()),
    )
    waits: int = setting(8, help="waiting times t_w, evenly spaced in log t_w up to a tenth of the budget")
    first_wait: int | None = setting(None, help="the first of them, in updates or steps; none: 10, or a unit of time")
    per_decade: int = setting(6, help="times t in a decade at which Δ(t_w, t_w + t) is measured")
    kept: int = setting(
        100_000, help="components of w that are kept for each waiting time: 8 bytes each; more are drawn at random"
    )
    noise_batches: int = setting(20, help="minibatches of which D(t_w), the variance of their gradient, is made")
    flat_steps: int = setting(
        0, help="Lanczos steps by which flat directions are counted at every t_w, as in 40; 0: they are not"
    )
    flat_threshold: float = setting(
        0.03, help="a direction is flat if its curvature is below that part of the largest one at any t_w"
    )
    flat_probes: int = setting(1, help="random vectors of that count; its error falls as 1/√(N · probes)")
    flat_patterns: int = setting(
        1000, help="patterns whose Hessian that is, the first ones; all, where there are fewer"
    )
    sizes: tuple[int, ...] | None = setting(
        None, help="p_spin: values of N, from which E(t) is extrapolated to 1/N = 0; none: spins alone"
    )
    energy_times: tuple[float, ...] = setting(
        (1.0, 2.0, 5.0, 10.0, 20.0), help="p_spin: times at which E(t) is stated, the nearest steps"
    )

    def problems(self) -> list[str]:
        """One sentence for each value that cannot be."""
        problems = super().problems()
        for name in ("load", "learning_rate", "dt", "flat_threshold"):
            if not 0 < getattr(self, name) < float("inf"):
                problems.append(f"{name} = {getattr(self, name)}: it must be a positive number.")
        if not 0 <= self.momentum < 1:
            problems.append(f"momentum = {self.momentum}: it must be at least 0 and below 1.")
        if not 0 <= self.temperature < float("inf"):
            problems.append(f"temperature = {self.temperature}: it must be 0 or a positive number.")
        least = {
            "batch": 1, "waits": 3, "per_decade": 2, "kept": 10, "noise_batches": 2, "flat_steps": 0, "flat_probes": 1,
            "flat_patterns": 2,
        }  # fmt: skip
        values = {name: getattr(self, name) for name in least}
        problems += [f"{name} = {values[name]}: ask for at least {n}." for name, n in least.items() if values[name] < n]
        if self.waits > 50 or self.per_decade > 50:
            problems.append(f"waits = {self.waits}, per_decade = {self.per_decade}: ask for at most 50 of each.")
        if self.first < 1 or self.first * 4 > self.last:
            problems.append(
                f"budget = {self.steps}: the waiting times go from {self.first} to {self.last}, a tenth of it; "
                f"give at least {40 * max(1, self.first)}, or another first_wait."
            )
        problems += self._system_problems()
        problems += self._pattern_problems()
        if not problems and self.patterned:
            problems += beyond(patterns=self.count)
        return problems

    def _pattern_problems(self) -> list[str]:
        """What is wrong with the number of patterns, their classes and where they come from."""
        problems, value = [], self.system.value
        if self.patterns is not None:
            if not self.patterned:
                problems.append(f"patterns = {self.patterns}: {self.system.name} has none; leave it out.")
            elif self.patterns < 2:
                problems.append(f"patterns = {self.patterns}: ask for at least 2.")
        if isinstance(value, ManyClasses) and value.class_count > 2:
            if self.dataset == "random":
                problems.append(
                    f"dataset = random: it has two classes and {self.system.name} {value.class_count}; name a data set "
                    "with as many, such as mnist or digits, or give class_count=2 beside the system."
                )
            elif self.classes not in ("parity", "all"):
                problems.append(f"classes = {self.classes}: {self.system.name} takes all of them; leave it out.")
        return problems

    def _system_problems(self) -> list[str]:
        value, problems = self.system.value, []
        if self.sizes is not None:
            if not isinstance(value, PSpin):
                problems.append(
                    f"sizes = {','.join(map(str, self.sizes))}: they are for system=p_spin; leave them out."
                )
            else:
                for size in self.sizes:
                    try:
                        replace(value, spins=size)
                    except BadInput as error:
                        problems += error.problems
        if isinstance(value, PatternSystem) and not self.many_classes and "y" not in value.along:
            problems.append(f"system = {self.system.name}: its labels are no ±1, as those of data sets are.")
        if value is not None and value.spheres and self.loss_name == "cross_entropy" and self.patterned:
            problems.append(f"loss = {self.loss}: {self.system.name} is measured at a margin; use loss=hinge.")
        if self.flat_steps and value is not None and value.spheres:
            problems.append(
                f"flat_steps = {self.flat_steps}: {self.system.name} lives on a sphere, whose own curvature H has not; "
                "leave it out."
            )
        if self.minimiser == "sgd" and not self.patterned:
            problems.append(f"minimiser = sgd: {self.system.name} has no patterns for a minibatch; use langevin.")
        return problems

    def _network_problems(self) -> list[str]:
        """A network that is not measured has none."""
        return super()._network_problems() if self.system.value is None else []

    def unused(self) -> dict[str, str]:
        """The settings that the others leave without effect, each with the reason."""
        reasons = super().unused() if self.patterned else {}
        value, name = self.system.value, self.system.name
        if value is not None:
            reasons |= not_of(name)
            if self.initial not in value.schemes:
                reasons["initial"] = f"{name} draws its w as {' or '.join(value.schemes)}"
        if not self.patterned:
            reasons |= dict.fromkeys((*DATA_SETTINGS, "load", "loss", "margin"), f"{name} has no patterns")
            reasons |= dict.fromkeys(_FLAT, f"{name} has no patterns")
        elif not self.flat_steps:
            reasons |= dict.fromkeys(_FLAT[1:], "flat directions are not counted (flat_steps=0)")
        if self.patterns is not None:
            reasons["load"] = "patterns gives P"
        if self.patterned and self.loss_name in ("cross_entropy", "mean_square"):
            reasons["margin"] = (
                f"{self.loss_name} has none" if self.loss_name == "cross_entropy" or self.many_classes else ""
            )
        if self.rule == "sgd":
            reasons |= dict.fromkeys(("temperature", "dt"), "it is of langevin, and the minimiser is sgd")
        else:
            reasons |= dict.fromkeys(
                ("learning_rate", "momentum", "batch", "noise_batches"), "it is of sgd, and the minimiser is langevin"
            )
        if not isinstance(value, PSpin):
            reasons["energy_times"] = "it is for system=p_spin"
        if isinstance(value, Layered):
            reasons |= dict.fromkeys(("projection", "fit"), f"{name} takes images as they are")
        return {key: reason for key, reason in reasons.items() if reason}

    @property
    def many_classes(self) -> bool:
        """Whether there is an output for each class."""
        return isinstance(self.system.value, ManyClasses)

    @property
    def loss_name(self) -> str:
        """The loss, ``auto`` resolved."""
        if self.loss != "auto":
            return self.loss
        value = self.system.value
        return "mean_square" if isinstance(value, ManyClasses) and value.squares else "cross_entropy"

    @property
    def patterned(self) -> bool:
        """Whether the system has patterns."""
        return self.system.value is None or isinstance(self.system.value, PatternSystem)

    @property
    def rule(self) -> str:
        """``sgd`` or ``langevin``."""
        return ("sgd" if self.patterned else "langevin") if self.minimiser == "auto" else self.minimiser

    @property
    def steps(self) -> int:
        """Updates, or steps, in all."""
        return DEFAULT_BUDGETS[self.rule] if self.budget is None else self.budget

    @property
    def unit(self) -> float:
        """The time of one step: an update, or dt."""
        return self.dt if self.rule == "langevin" else 1.0

    @property
    def first(self) -> int:
        """The first waiting time, in steps."""
        if self.first_wait is not None:
            return self.first_wait
        return max(1, round(1 / self.dt)) if self.rule == "langevin" and self.dt > 0 else 10

    @property
    def last(self) -> int:
        """The last waiting time, in steps."""
        return self.steps // _LEAST_LAST

    @property
    def waiting(self) -> tuple[int, ...]:
        """t_w in steps."""
        return tuple(np.unique(np.geomspace(self.first, self.last, self.waits).round().astype(int)).tolist())

    @property
    def lags(self) -> tuple[int, ...]:
        """T in steps."""
        longest = self.steps - self.first
        count = 1 + round(self.per_decade * log10(longest))
        return tuple(np.unique(np.geomspace(1, longest, count).round().astype(int)).tolist())

    @property
    def energy_steps(self) -> tuple[int, ...]:
        """When E is stated, in steps."""
        return tuple(sorted({round(time / self.unit) for time in self.energy_times if time / self.unit <= self.steps}))

    def measured(self) -> System:
        """What is measured."""
        value = self.system.value
        if isinstance(value, ManyClasses):
            # Its gaps belong to its loss.
            return replace(value, squares=self.loss_name == "mean_square")  # type: ignore[type-var]
        return self.network() if value is None else value

    def systems(self) -> list[System]:
        """What is measured, at every size."""
        system = self.measured()
        if self.sizes is None or not isinstance(system, PSpin):
            return [system]
        return [replace(system, spins=size) for size in sorted(set(self.sizes))]

    @property
    def count(self) -> int:
        """P: as given, or the nearest number to the load that the labels allow; 0 without patterns."""
        system = self.measured()
        if not isinstance(system, PatternSystem):
            return 0
        return patterns_at(self.load, system, self.labels) if self.patterns is None else self.patterns

    def request(self, seed: int, inputs: int, patterns: int | None) -> DataRequest:
        """The data of one seed: every class for a system with an output for each, and images as they are for layers."""
        request, value = super().request(seed, inputs, patterns), self.system.value
        if isinstance(value, ManyClasses) and value.class_count > 2:
            request = replace(request, classes="all")
        return replace(request, projection="none") if isinstance(value, Layered) else request

    def chosen_loss(self) -> Loss:
        """The loss with its margin."""
        if not self.patterned:
            return QuadraticHinge(margin=0.0) if self.measured().satisfiable else Linear()
        name = self.loss_name
        if name == "hinge":
            return QuadraticHinge(margin=self.margin)
        if name == "mean_square" and self.many_classes:
            return SquaredDistance()
        return LOSSES[name]() if name == "cross_entropy" else LOSSES[name](margin=self.margin)

    def flat(self) -> dict[str, Any]:
        """How flat directions are counted, as JSON values; steps of 0 say that they are not."""
        if not self.flat_steps:
            return {"steps": 0}
        return {
            "steps": self.flat_steps, "probes": self.flat_probes, "patterns": min(self.flat_patterns, self.count)
        }  # fmt: skip

    def dynamics(self) -> dict[str, Any]:
        """The rule as JSON values."""
        if self.rule == "langevin":
            return {"rule": "langevin", "temperature": self.temperature, "dt": self.dt}
        return {
            "rule": "sgd", "learning_rate": self.learning_rate, "momentum": self.momentum, "batch": self.batch,
            "noise_batches": self.noise_batches,
        }  # fmt: skip
