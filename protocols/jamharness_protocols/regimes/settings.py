"""The settings of the regimes protocol."""

from dataclasses import dataclass
from math import isfinite
from typing import Any

from jamharness_numerics.flow import METHODS
from jamharness_systems.parametrised import PARAMETRISATIONS, UNITS, ParametrisedNetwork

from jamharness.api import BadInput, Cell, CrossEntropy, Loss, QuadraticHinge, SoftHinge, setting
from jamharness_protocols.common.settings import NetworkSettings, beyond

SOURCE = "arXiv 1906.08034"
TASK, TOGETHER, LIMIT = "regimes", "regimes_together", "lazy_limit"
"""Of one flow, of the flows of a place side by side, and of the flow of an initial kernel."""
STOPS = {"softhinge": 0.0, "hinge": -0.01, "cross_entropy": 1.0}
"""How far beyond κ every pattern must be for a flow to stop: N_Δ = 0; all Δ ≤ .01, as the quadratic hinge pulls ever
less and reaches 0 in no finite time; y F ≥ 1."""


@dataclass(frozen=True, kw_only=True)
class RegimesSettings(NetworkSettings):
    """Settings of the regimes protocol."""

    dataset: str = setting(
        "digits",
        help="a name from `jamharness datasets` with a test set, or file:PATH of one's own .csv, .parquet, .npz or IDX "
        "file",
        source="real data without a download; the paper has MNIST and others",
    )
    inputs: int | None = setting(10, help="principal components d", source="arXiv 2012.15110")
    projection: str = setting(
        "plain",
        help="principal components of real data, divided by their spread (whitened) or not",
        choices=("whitened", "plain"),
        source="arXiv 2012.15110 does not whiten",
    )
    patterns: int = setting(100, help="P of the training set, the same for all networks")
    widths: tuple[int, ...] = setting(
        (8, 16, 32), help="widths h at which α is varied; the jamming line may need others"
    )
    scales: tuple[float, ...] = setting(
        (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0, 10000.0),
        help="values of √h α (α in the article's units) at every width; more are placed where ‖ΔΘ‖ = ‖Θ₀‖",
        source=f"{SOURCE}: the variable in which the regimes of all widths collapse",
    )
    jamming_scales: tuple[float, ...] | None = setting(
        None, help="values of √h α at which the width is bisected for the jamming line; none: the first and the last"
    )
    resolution: float = setting(2.0, help="the factor in α within which ‖ΔΘ‖ = ‖Θ₀‖ is bracketed at every width")
    highest_width: int = setting(128, help="largest width that the search for the jamming line tries")
    activation: str = setting(
        "softplus(5)", help="relu, tanh, erf, softplus(β) or swish(β), normalised to ⟨σ²⟩ = 1", source=SOURCE
    )
    parametrisation: str = setting(
        "ntk",
        help="of the network; α is that of the article whichever it is, so that F is the same",
        choices=tuple(PARAMETRISATIONS),
        source="arXiv 1806.07572; the authors' code has mean_field",
    )
    units: str = setting(
        "article", help="in which times are stated: ẇ = −∇L/α² (article) or /(√h α) (code)", choices=tuple(UNITS)
    )
    loss: str = setting(
        "softhinge",
        help="the softened hinge, the quadratic hinge, or cross_entropy, whose range is infinite",
        choices=tuple(STOPS),
        source=SOURCE,
    )
    sharpness: float = setting(20.0, help="β of softhinge", source=SOURCE)
    stop_margin: float | None = setting(
        None,
        help="how far beyond κ every pattern must lie for a flow to stop; none: "
        + ", ".join(f"{name} {value:g}" for name, value in STOPS.items()),
    )
    limit_widths: tuple[int, ...] = setting(
        (64, 128, 256, 512),
        help="widths at which the lazy limit fluctuates, by the flows of initial kernels; nothing: none",
    )
    side_by_side: bool = setting(
        False, help="the flows of a place in one array, by method=chebyshev: faster for small networks on PyTorch"
    )
    method: str = setting(
        "exponential",
        help="exponential steps on the tangent kernel, stabilised explicit steps (chebyshev), or the authors' rule",
        choices=METHODS,
    )
    tolerance: float | None = setting(None, help="of a step; none: the method's own (docs/regimes.md)")
    budget: int | None = setting(5000, help="gradients of one flow")
    tests: int = setting(1000, help="test patterns for errors and the variance of outputs; all, where there are fewer")
    kernel_tests: int = setting(200, help="of these, those on which ‖ΔΘ‖ and the kernels' own predictions are measured")
    seeds: int = setting(6, help="networks from independent initial weights, on the same patterns; an ensemble")
    bias: bool = setting(False, help="none in these parametrisations", source=SOURCE)
    minimiser: str = setting("flow", help="gradient flow alone", choices=("flow",))
    initial: str = setting("normal", help="as the parametrisation says", choices=("normal",))

    def problems(self) -> list[str]:
        """One sentence for each value that cannot be."""
        problems = super().problems() + beyond(
            patterns=self.patterns, highest_width=self.highest_width, width=self.widths
        )
        if self.dataset == "random":
            problems.append(
                "dataset = random: its labels follow no rule that a test set could have; take digits or mnist."
            )
        if self.width != type(self).width:
            problems.append(f"width = {self.width}: this protocol trains several; give widths={self.width}.")
        if self.bias:
            problems.append("bias = True: networks of these parametrisations have no biases; leave it out.")
        if self.side_by_side and self.method == "exponential":
            problems.append(
                "side_by_side = True: exponential steps need Jacobians, one network after the other; give "
                "method=chebyshev, or authors."
            )
        if any(width < 1 for width in self.limit_widths):
            problems.append(f"limit_widths = {','.join(map(str, self.limit_widths))}: name widths of at least 1.")
        if len(self.widths) < 1 or min(self.widths, default=0) < 1:
            problems.append(f"widths = {','.join(map(str, self.widths)) or 'nothing'}: name widths of at least 1.")
        for name in ("scales", "jamming_scales"):
            values = getattr(self, name)
            if values is not None and (not values or not all(0 < value < float("inf") for value in values)):
                problems.append(f"{name} = {','.join(map(str, values)) or 'nothing'}: name positive numbers.")
        if len(set(self.scales)) < 2:
            problems.append(f"scales = {','.join(map(str, self.scales))}: give at least two, the smallest first.")
        if self.patterns < 2 or (self.labels == "alternate" and self.patterns % 2):
            problems.append(f"patterns = {self.patterns}: give an even number of at least 2, half of each class.")
        if not 1 < self.resolution < float("inf"):
            problems.append(f"resolution = {self.resolution}: a factor in α, larger than 1, such as 2.")
        for name, least in (("tests", 1), ("kernel_tests", 1), ("highest_width", 1), ("seeds", 2)):
            if getattr(self, name) < least:
                problems.append(f"{name} = {getattr(self, name)}: it must be at least {least}.")
        if self.tolerance is not None and not 0 < self.tolerance < 1:
            problems.append(f"tolerance = {self.tolerance}: give a number between 0 and 1.")
        if not 0 < self.sharpness < float("inf"):
            problems.append(f"sharpness = {self.sharpness}: β must be a positive number, such as 20.")
        if self.stop_margin is not None and not isfinite(self.stop_margin):
            problems.append(f"stop_margin = {self.stop_margin}: give a number.")
        return problems

    def unused(self) -> dict[str, str]:
        """The settings that the others leave without effect, each with the reason."""
        reasons = super().unused()
        if self.loss != "softhinge":
            reasons["sharpness"] = f"{self.loss} has none"
        if self.loss == "cross_entropy":
            reasons["margin"] = "cross_entropy has none"
        return reasons

    def _network_problems(self) -> list[str]:
        try:
            self.network_of(max(1, min(self.widths, default=1)))
        except BadInput as error:
            return list(error.problems)
        return []

    def network_of(self, width: int) -> ParametrisedNetwork:
        """The network of one width."""
        return ParametrisedNetwork(
            inputs=10 if self.inputs is None else self.inputs,
            width=width,
            depth=self.depth,
            activation=self.activation,
            parametrisation=self.parametrisation,
        )

    def objective(self) -> Loss:
        """What is minimised."""
        if self.loss == "hinge":
            return QuadraticHinge(margin=self.margin)
        if self.loss == "cross_entropy":
            return CrossEntropy()
        return SoftHinge(margin=self.margin, sharpness=self.sharpness)

    @property
    def jammed_at(self) -> tuple[float, ...]:
        """√h α at which the jamming line is searched."""
        chosen = (min(self.scales), max(self.scales)) if self.jamming_scales is None else self.jamming_scales
        return tuple(sorted(set(chosen)))

    def cell(self, width: int, scale: float, seed: int) -> Cell:
        """One flow.

        Arguments:
            width: h.
            scale: √h α.
            seed: of the initial weights.
        """
        at = {"seed": seed, **self._flow_parameters(scale)}
        return self._cell(TASK, width, at, f"h = {width}, √h α = {scale:g}, network {seed}")

    def cell_together(self, width: int, scale: float) -> Cell:
        """The flows of all networks of a place.

        Arguments:
            width: h.
            scale: √h α.
        """
        seeds = list(range(self.seed, self.seed + self.seeds))
        at = {"seeds": seeds, **self._flow_parameters(scale)}
        return self._cell(TOGETHER, width, at, f"h = {width}, √h α = {scale:g}, {self.seeds} networks")

    def cell_limit(self, width: int, seed: int) -> Cell:
        """The flow of one initial kernel.

        Arguments:
            width: h.
            seed: of the initial weights.
        """
        at = {"seed": seed, "patterns": self.patterns, "stop": self._stop, "tests": self.tests}
        return self._cell(LIMIT, width, at, f"h = {width}, initial kernel, network {seed}")

    @property
    def _stop(self) -> float:
        return STOPS[self.loss] if self.stop_margin is None else self.stop_margin

    def _flow_parameters(self, scale: float) -> dict[str, Any]:
        """What says how a flow is followed."""
        return {
            "patterns": self.patterns, "scale": scale, "method": self.method, "tolerance": self.tolerance,
            "gradients": 5000 if self.budget is None else self.budget, "stop": self._stop, "tests": self.tests,
            "kernel_tests": self.kernel_tests,
        }  # fmt: skip

    def _cell(self, task: str, width: int, at: dict[str, Any], label: str) -> Cell:
        system = self.network_of(width)
        return Cell(
            task=task,
            system=system,
            loss=self.objective(),
            coordinates=at,
            dataset=self.request(self.seed, system.inputs, self.patterns),
            label=label,
            cost=float(self.patterns) * (system.size * len(at.get("seeds", (0,))) if task != LIMIT else 1.0),
        )
