"""The settings of the generalisation protocol."""

from dataclasses import dataclass, fields, replace
from typing import Any

from jamharness_numerics.minimise import BUDGETS, RULES

from jamharness.api import Cell, CrossEntropy, Loss, Network, setting
from jamharness_protocols.common.settings import PAPER, NetworkSettings, beyond
from jamharness_protocols.jamming.settings import JammingSettings

SOURCE = "arXiv 1810.09665"
STRIDE = 1_000_000
"""Between the initial weights of the networks of one draw: the first has the draw's own seed, as `jamming` gives it."""
EVALUATION, TRAJECTORY, EFFECTIVE = "generalisation", "trajectory", "effective"
"""The tasks: what a minimisation gives on the test set, a first-order one followed along its way, and N_eff."""
UPDATES = 50_000
FACTORS = (0.15, 0.3, 0.5, 0.7, 0.85, 1.0, 1.25, 1.6, 2.0, 3.0, 4.0, 6.0, 8.0, 16.0)


@dataclass(frozen=True, kw_only=True)
class GeneralisationSettings(NetworkSettings):
    """Settings of the generalisation protocol."""

    dataset: str = setting(
        "digits",
        help="a name from `jamharness datasets` with a test set, or file:PATH of one's own .csv, .parquet, .npz or IDX "
        "file",
        source="real data without a download; the papers have MNIST",
    )
    inputs: int | None = setting(10, help="principal components d", source=SOURCE)
    patterns: int | tuple[int, ...] = setting(400, help="P of the training set; several for N*(P)")
    widths: tuple[int, ...] | None = setting(
        None, help="the widths h to train; none: those at which N is each of the factors times N*, which is searched"
    )
    factors: tuple[float, ...] = setting(FACTORS, help="N/N* of the widths that are trained, where widths is none")
    seeds: int = setting(6, help="draws of the data: intervals are over them; a test of monotony needs 5")
    networks: int = setting(4, help="networks per draw and width, from other initial weights: an ensemble")
    loss: str = setting(
        "hinge",
        help="the quadratic hinge, or cross_entropy (first-order minimisers), whose N* is where training errors end",
        choices=("hinge", "cross_entropy"),
        source=f"{SOURCE}, {PAPER}",
    )
    learning_rate: float = setting(
        1e-3, help="of adam and sgd", source="ten times that of arXiv 1809.09349, for a tenth of its updates"
    )
    budget: int | None = setting(
        None, help=f"steps of one minimisation; none: {BUDGETS['lm']} for lm, {UPDATES} updates for the others"
    )
    stopped: bool = setting(
        False, help="test lm on its way too, for the least test error there; first-order minimisations always are"
    )
    records: int = setting(60, help="how often a minimisation is tested on its way, at log-spaced steps")
    effective: bool = setting(
        False, help="count N_eff, the rank of ∇f over patterns, of each draw's first network", source="arXiv 1901.01608"
    )
    start_ratio: float = setting(3.0, help="P/N_w at which the search for N* starts", source=PAPER)
    highest_width: int = setting(512, help="largest width that is trained")

    def problems(self) -> list[str]:
        """One sentence for each value that cannot be."""
        problems = super().problems() + beyond(
            patterns=self.patterns, highest_width=self.highest_width, records=self.records, start_ratio=self.start_ratio
        )
        if self.dataset == "random":
            problems.append(
                "dataset = random: its labels follow no rule that a test set could have; take digits or mnist."
            )
        if self.width != type(self).width:
            problems.append(f"width = {self.width}: this protocol trains several; give widths={self.width}.")
        if self.depth < 1:
            problems.append("depth = 0: a linear network has no width to vary; use depth=1 or more.")
        problems += [
            f"patterns = {count}: at least 2 are needed, one of each class." for count in self.sizes if count < 2
        ]
        if self.labels == "alternate":
            problems += [
                f"patterns = {count}: alternate labels need an even number; use {count - 1} or {count + 1}."
                for count in self.sizes
                if count % 2 and count > 1
            ]
        for name, least in (("networks", 1), ("records", 2), ("highest_width", 1)):
            if getattr(self, name) < least:
                problems.append(f"{name} = {getattr(self, name)}: it must be at least {least}.")
        if self.networks > 1000:
            problems.append(f"networks = {self.networks}: ask for at most 1000.")
        for name in ("learning_rate", "start_ratio"):
            if not 0 < getattr(self, name) < float("inf"):
                problems.append(f"{name} = {getattr(self, name)}: it must be a positive number.")
        return problems + self._scan_problems()

    def _scan_problems(self) -> list[str]:
        problems = []
        if self.widths is not None and (not self.widths or min(self.widths) < 1):
            problems.append(f"widths = {_list_values(self.widths)}: name widths of at least 1, as in widths=4,8,16.")
        elif self.widths is not None and max(self.widths) > self.highest_width:
            problems.append(f"widths = {_list_values(self.widths)}: at most highest_width, {self.highest_width}.")
        if not self.factors or not all(0 < factor <= 1e6 for factor in self.factors):
            problems.append(
                f"factors = {_list_values(self.factors)}: name positive numbers up to 1e6, as in factors=0.5,1,2."
            )
        if self.loss == "cross_entropy" and self.minimiser == "lm":
            problems.append("loss = cross_entropy: lm takes least-squares steps; add minimiser=adam.")
        return problems

    def unused(self) -> dict[str, str]:
        """The settings that the others leave without effect, each with the reason."""
        reasons = super().unused()
        if self.minimiser in RULES:
            reasons["stopped"] = f"{self.minimiser} is tested on its way anyway"
        elif not self.stopped:
            reasons["records"] = f"{self.minimiser} is tested on its way with stopped=true"
        if self.minimiser not in ("adam", "sgd"):
            reasons["learning_rate"] = f"{self.minimiser} has a step of its own"
        if self.widths is not None:
            reasons |= dict.fromkeys(("factors", "start_ratio"), "widths gives every width, and N* is not searched")
        if self.loss == "cross_entropy":
            reasons["margin"] = "cross_entropy has none"
        return reasons

    @property
    def sizes(self) -> tuple[int, ...]:
        """Every P, rising."""
        return tuple(sorted(set(self.patterns))) if isinstance(self.patterns, tuple) else (self.patterns,)

    @property
    def followed(self) -> bool:
        """Whether minimisations are followed on their way: those of first order are, others where it is asked for."""
        return self.minimiser in RULES or self.stopped

    @property
    def draws(self) -> range:
        """The seeds of the data."""
        return range(self.seed, self.seed + self.seeds)

    def scanned(self, width: int) -> Network:
        """The network of one width."""
        return Network(
            inputs=10 if self.inputs is None else self.inputs,
            width=width,
            depth=self.depth,
            activation=self.activation,
            bias=self.bias,
        )

    def search(self) -> JammingSettings:
        """The settings with which `jamming` makes the same search for N*."""
        shared = {item.name: getattr(self, item.name) for item in fields(NetworkSettings)}
        return JammingSettings(
            **{**shared, "width": type(self).width},
            scan="width",
            patterns=self.sizes,
            start_ratio=self.start_ratio,
            highest_width=self.highest_width,
        )

    def objective(self) -> Loss:
        """What is minimised."""
        return self.hinge() if self.loss == "hinge" else CrossEntropy()

    def trained(self, draw: int, network: int, patterns: int, width: int) -> Cell:
        """One minimisation: the cell that `jamming` has too where it is one, or followed on its way.

        Arguments:
            draw: the seed of the data.
            network: which of the draw's networks, from 0.
            patterns: P.
            width: of all layers.
        """
        system, initial = self.scanned(width), draw + STRIDE * network
        cell = self.minimisation(system, initial, patterns, max(self.sizes))
        label = f"seed {draw}, network {network}, P = {patterns}, width {width}"
        cell = replace(cell, dataset=self.request(draw, system.inputs, max(self.sizes)), label=label)
        if not self.followed:
            return cell
        coordinates: dict[str, Any] = {
            **cell.coordinates,
            "budget": self.budget or (UPDATES if self.minimiser in RULES else BUDGETS[self.minimiser]),
            "records": self.records,
        }
        if self.minimiser in RULES:
            coordinates["learning_rate"] = self.learning_rate
        return replace(cell, task=TRAJECTORY, loss=self.objective(), coordinates=coordinates)

    def measured(self, draw: int, network: int, patterns: int, width: int) -> Cell:
        """What one network gives on the test set: of a followed minimisation that is its own result."""
        cell = self.trained(draw, network, patterns, width)
        if self.followed:
            return cell
        return Cell(
            task=EVALUATION,
            system=cell.system,
            loss=cell.loss,
            coordinates={"seed": cell.coordinates["seed"], "patterns": patterns},
            dataset=cell.dataset,
            needs=(cell,),
            label=f"test of {cell.label}",
            cost=float(patterns) * self.scanned(width).size,
        )

    def counted(self, draw: int, patterns: int, width: int) -> Cell:
        """N_eff of a draw's first network."""
        cell = self.trained(draw, 0, patterns, width)
        return Cell(
            task=EFFECTIVE,
            system=cell.system,
            loss=cell.loss,
            coordinates={"seed": cell.coordinates["seed"], "patterns": patterns},
            dataset=cell.dataset,
            needs=(cell,),
            label=f"N_eff of {cell.label}",
            cost=float(self.scanned(width).size) ** 3,
        )


def _list_values(values: tuple[Any, ...]) -> str:
    return ",".join(map(str, values)) or "nothing"
