"""Capacity: the part of the draws in which all patterns can be satisfied, against P/N."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from jamharness.api import Cell, DataRequest, Network, Observable, QuadraticHinge, setting
from jamharness_protocol import analysis


@dataclass(frozen=True, kw_only=True)
class CapacitySettings:
    """Which network, at which loads, how often."""

    inputs: int = setting(10, help="dimension d of a pattern")
    depth: int = setting(
        0, help="hidden layers; 0 is a linear separator, whose probability is known", source="Cover 1965"
    )
    width: int = setting(5, help="units of each hidden layer")
    loads: tuple[float, ...] = setting((1.2, 1.6, 2.0, 2.4, 2.8), help="P/N_w at which patterns are drawn")
    draws: int = setting(40, help="independent draws of patterns and initial weights at each load")
    seed: int = setting(0, help="the first draw")

    def problems(self):
        problems = [
            f"{name} = {value}: at least 1." for name, value in vars(self).items() if name in _COUNTS and value < 1
        ]
        if not self.loads or not all(0 < load < 1000 for load in self.loads):
            problems.append(f"loads = {self.loads}: one or more numbers between 0 and 1000, in units of P/N_w.")
        if self.depth < 0 or self.seed < 0:
            problems.append(f"depth = {self.depth}, seed = {self.seed}: neither can be negative.")
        return problems

    def network(self):
        return Network(inputs=self.inputs, width=self.width, depth=self.depth, bias=False)


_COUNTS = ("inputs", "width", "draws")


CAPACITY = Observable(
    unit="P/N_w",
    meaning="the load at which half of the draws can be satisfied",
    source="Cover, IEEE Trans. Electron. Comput. EC-14, 326 (1965)",
    comparison="distribution",
    published="2",
    published_for={"depth": (0,)},
)


class Capacity:
    """Satisfied or not, draw by draw and load by load."""

    Settings = CapacitySettings
    presets: ClassVar = {"quick": {"draws": 20}, "paper": {"inputs": 40, "draws": 400}}
    observables: ClassVar = {
        "capacity": CAPACITY,
        "undecided": Observable(
            unit="draws", meaning="draws without a verdict", source="counted", comparison="distribution"
        ),
    }

    def plan(self, settings, done):
        """One cell for each draw at each load that has not been tried."""
        tried = {(item.cell.coordinates["load"], item.cell.coordinates["seed"]) for item in done}
        network = settings.network()
        return [
            Cell(
                task="satisfaction",
                system=network,
                loss=QuadraticHinge(margin=1.0),
                coordinates={"load": load, "seed": seed},
                dataset=DataRequest(
                    dataset="random",
                    inputs=settings.inputs,
                    patterns=patterns_at(load, network),
                    seed=seed,
                    normalise=False,
                    labels="random",
                ),
                label=f"P/N = {load:g}, draw {seed}",
            )
            for seed in range(settings.seed, settings.seed + settings.draws)
            for load in settings.loads
            if (load, seed) not in tried
        ]

    def analyse(self, settings, done):
        """The table of loads, and where the probability falls through one half."""
        network = settings.network()
        return analysis.analyse(network, {load: patterns_at(load, network) for load in sorted(settings.loads)}, done)

    def draw(self, findings):
        """``capacity``: the part that can be satisfied with its interval, and Cover's probability."""
        from matplotlib.figure import Figure

        table = findings.tables["loads"]
        if table.empty:
            return {}
        figure = Figure(figsize=(3.4, 2.6), layout="constrained")
        axes = figure.subplots()
        ends = np.abs(table[["low", "high"]].to_numpy().T - table["part"].to_numpy())
        axes.errorbar(table["load"], table["part"], yerr=ends, fmt="o", capsize=2)
        if "exact" in table:
            axes.plot(table["load"], table["exact"], "_", markersize=14)
        axes.set_xlabel("P/N_w")
        axes.set_ylabel("part of the draws satisfied")
        return {"capacity": figure}


def patterns_at(load, network):
    """P, the nearest to a load."""
    return max(1, round(load * network.weights))
