"""The settings that all protocols share: the network, the data, the minimiser."""

from dataclasses import dataclass
from typing import Any

from jamharness_numerics.minimise import BUDGETS, METHODS

from jamharness.api import (
    ACTIVATIONS,
    SCHEMES,
    BadInput,
    Cell,
    ComparisonPoint,
    DataRequest,
    Network,
    PatternSystem,
    QuadraticHinge,
    System,
    margin_problem,
    named_data,
    setting,
)

PAPER = "arXiv 1809.09349"
MINIMISATION = "minimisation"
"""The task of ``common.minimisation``."""


_REAL_DATA = ("projection", "fit", "test_fraction", "folder", "classes", "label_column")
_OWN_TEST_SET = ("mnist", "fashion-mnist", "cifar10")
_OWN_LABELS = (*_OWN_TEST_SET, "digits", "mnist5k")

MOST = {
    "seeds": 100_000, "width": 10**6, "depth": 1000, "inputs": 10**6, "budget": 10**9, "patterns": 10**9,
    "records": 10**6, "steps": 10**6, "highest_width": 10**6, "highest_ratio": 1e6, "start_ratio": 1e6,
}  # fmt: skip
"""The largest values of settings that a plan, or the memory for it, grows with: beyond what any machine computes."""
MOST_PARAMETERS = 10**9
"""N up to which a network is planned: one w takes 8 GB."""


def beyond(**values: Any) -> list[str]:
    """One sentence for each value, or part of a value, that exceeds its ``MOST``."""
    problems = []
    for name, value in values.items():
        parts = [part for part in (value if isinstance(value, tuple) else (value,)) if part is not None]
        problems += [
            f"{name} = {_short(part)}: ask for at most {MOST[name]:.0f}." for part in parts if part > MOST[name]
        ]
    return problems


def _short(number: float) -> str:
    """A number of hundreds of digits by its first ones."""
    text = str(number)
    return text if len(text) <= 20 else f"{text[:10]}… ({len(text)} digits)"


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """Network, data and minimiser."""

    width: int | tuple[int, ...] = setting(
        10,
        help="units of each hidden layer, or one number per layer",
        source="small enough for a laptop; the papers use 40 to 62",
    )
    depth: int = setting(2, help="hidden layers; 0 is a linear function", source=f"{PAPER} has 2, 3 and 5")
    inputs: int | None = setting(
        None, help="input dimension d; none: the width", source=f"{PAPER}: d = h for random data, 10 for MNIST"
    )
    activation: str = setting(
        "relu", help=f"one of {', '.join(ACTIVATIONS)}; gelu(β) and softplus(β) take a sharpness", source=PAPER
    )
    bias: bool = setting(True, help="whether every layer has biases", source=PAPER)
    dataset: str = setting(
        "random",
        help="a name from `jamharness datasets`, or file:PATH of one's own .csv, .parquet, .npz or IDX file",
        source=PAPER,
    )
    normalise: bool = setting(True, help="centre the patterns and project each to |x| = √d", source=f"{PAPER}, Methods")
    labels: str = setting(
        "alternate",
        help="−1, +1 in turn (real data: the classes interleaved), or fair signs",
        choices=("alternate", "random"),
        source=PAPER,
    )
    projection: str = setting(
        "whitened",
        help="principal components of real data, divided by their spread or not; none: pixels as they are",
        choices=("whitened", "plain", "none"),
        source=PAPER,
    )
    fit: str = setting(
        "train",
        help="principal components of the training set, or pooled with the test set",
        choices=("train", "pooled"),
    )
    test_fraction: float = setting(0.2, help="part of a data set without its own split that is kept for testing")
    folder: str | None = setting(None, help="where the files of a real data set lie; none: the user's data folder")
    classes: str = setting(
        "parity",
        help="which classes of real data are −1 and which +1: parity of their number (two names: in order), "
        "or A,B/C,D, or A/rest; all, for systems with an output for each",
        source=f"{PAPER}: parity of the digit",
    )
    label_column: str | None = setting(None, help="the column of a table that holds the class; none: the last")
    margin: float = setting(1.0, help="the margin κ, in units of the output, 1e-6 to 1e6", source=PAPER)
    seeds: int = setting(12, help="how many independent draws of data and weights")
    seed: int = setting(0, help="the first seed")
    minimiser: str = setting(
        "lm",
        help="second order (lm), the papers' adam or fire, gradient descent (sgd) or gradient flow (flow)",
        choices=METHODS,
    )
    initial: str = setting("orthogonal", help="initial weights", choices=SCHEMES, source=f"{PAPER}, Methods")
    budget: int | None = setting(
        None, help=f"steps of one minimisation; none: {', '.join(f'{name} {count}' for name, count in BUDGETS.items())}"
    )

    def problems(self) -> list[str]:
        """One sentence for each value that cannot be."""
        problems = beyond(seeds=self.seeds, width=self.width, depth=self.depth, inputs=self.inputs, budget=self.budget)
        too_large = bool(problems)
        if self.seeds < 1:
            problems.append(f"seeds = {self.seeds}: ask for at least 1; an interval needs 3 or more.")
        if self.seed < 0:
            problems.append(f"seed = {self.seed}: the first seed must be 0 or more.")
        if self.budget is not None and self.budget < 1:
            problems.append(f"budget = {self.budget}: give at least 1 step, or none for the minimiser's default.")
        problems += self._margin_problems()
        if named_data(self.dataset)[1] and self.folder is not None:
            problems.append(f"folder = {self.folder}: dataset={self.dataset} names its file itself; leave it out.")
        if self.classes == "all" and not self.many_classes:
            problems.append("classes = all: it is for systems with an output for each class; name two, as in 7/rest.")
        if not 0 <= self.test_fraction < 1:
            problems.append(f"test_fraction = {self.test_fraction}: it must be at least 0 and below 1.")
        if not too_large:  # a network of so many layers would be built to be refused
            problems += self._network_problems()
        return problems

    def unused(self) -> dict[str, str]:
        """The settings that the others leave without effect, each with the reason."""
        reasons: dict[str, str] = {}
        name = named_data(self.dataset)[0]
        if name == "random":
            reasons |= dict.fromkeys(_REAL_DATA, "patterns are drawn at random; name a data set for it")
        elif name in _OWN_TEST_SET:
            reasons["test_fraction"] = f"{name} has a test set of its own"
        if name in _OWN_LABELS:
            reasons["label_column"] = f"{name} is no table"
        if self.depth == 0:
            reasons["activation"] = "a linear network has none (depth=0)"
            if self.inputs is not None:
                reasons["width"] = "a linear network has no hidden layers (depth=0), and inputs gives its dimension"
        return reasons

    @property
    def many_classes(self) -> bool:
        """Whether what is measured has an output for each class."""
        return False

    def _margin_problems(self) -> list[str]:
        """What is wrong with κ."""
        problem = margin_problem(self.margin)
        return [problem] if problem else []

    def _network_problems(self) -> list[str]:
        try:
            network = self.network()
        except BadInput as error:
            return list(error.problems)
        if network.size > MOST_PARAMETERS:
            return [f"width = {self.width}, depth = {self.depth}: N = {network.size:.3g} parameters; at most 1e9."]
        return []

    def network(self, width: int | None = None) -> Network:
        """The network, or one of another width."""
        hidden = self.width if width is None else width
        first = hidden[0] if isinstance(hidden, tuple) and hidden else hidden
        inputs = self.inputs if self.inputs is not None else max(first, 1) if isinstance(first, int) else 1
        return Network(inputs=inputs, width=hidden, depth=self.depth, activation=self.activation, bias=self.bias)

    def request(self, seed: int, inputs: int, patterns: int | None) -> DataRequest:
        """The data of one seed."""
        return DataRequest(
            dataset=self.dataset,
            inputs=inputs,
            patterns=patterns,
            seed=seed,
            normalise=self.normalise,
            labels=self.labels,
            projection=self.projection,
            fit=self.fit,
            test_fraction=self.test_fraction,
            folder=self.folder,
            classes=self.classes,
            label_column=self.label_column,
        )

    def comparison_point(self, network: Network, patterns: int, pool: int | None, seed: int) -> ComparisonPoint:
        """One minimisation before it begins, for backends to be compared at.

        Arguments:
            network: the network.
            patterns: P.
            pool: how many patterns are drawn.
            seed: of data and initial weights.
        """
        return ComparisonPoint(
            label=f"seed {seed}, P = {patterns}",
            network=network,
            dataset=self.request(seed, network.inputs, pool),
            patterns=patterns,
            margin=self.margin,
            seed=seed,
            scheme=self.initial,
        )

    def scheme(self, system: System) -> str:
        """How an initial w is drawn: as asked for where the system can, else in its own way."""
        return self.initial if self.initial in system.schemes else system.schemes[0]

    def hinge(self) -> QuadraticHinge:
        """The quadratic hinge with its margin."""
        return QuadraticHinge(margin=self.margin)

    def coordinates(self, system: System, seed: int, patterns: int) -> dict[str, Any]:
        """What one minimisation depends on besides the system, the loss and the data."""
        return {
            "seed": seed,
            "patterns": patterns,
            "minimiser": self.minimiser,
            "initial": self.scheme(system),
            "budget": BUDGETS[self.minimiser] if self.budget is None else self.budget,
        }

    def minimisation(self, system: PatternSystem, seed: int, patterns: int, pool: int | None) -> Cell:
        """One minimisation, the same cell for every protocol that asks for it.

        Arguments:
            system: the network, or another system of patterns.
            seed: of data and initial weights.
            patterns: P.
            pool: how many patterns are drawn; P of them are used.
        """
        return Cell(
            task=MINIMISATION,
            system=system,
            loss=self.hinge(),
            coordinates=self.coordinates(system, seed, patterns),
            dataset=self.request(seed, system.inputs, pool),
            label=f"seed {seed}, P = {patterns}, P/N_w = {patterns / system.weights:.2f}",
            cost=float(patterns) * system.size**2,
        )
