"""The settings of the advise protocol."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from jamharness.api import Cell, setting
from jamharness_protocols.advise.choosing import FACTORS
from jamharness_protocols.common.settings import NetworkSettings, beyond
from jamharness_protocols.generalisation.settings import GeneralisationSettings

CENSUS = "census"
"""The task that counts what a data set holds."""
HALVINGS = 4
"""How many parts are looked at, each half as large as the next."""
FEWEST = 24
"""Patterns of the smallest part: fewer are satisfied by the smallest networks."""
LEAST = 2 * FEWEST
"""Patterns that the largest part must have, so that there are two."""
DIMENSION = 10
"""Principal components, where there are as many, as on MNIST in arXiv 1809.09349."""


@dataclass(frozen=True, kw_only=True)
class AdviseSettings(NetworkSettings):
    """Settings of the advise protocol."""

    dataset: str = setting(
        "digits",
        help="a name from `jamharness datasets` with a test set, or file:PATH of one's own .csv, .parquet, .npz or IDX "
        "file",
    )
    inputs: int | None = setting(None, help=f"principal components d; none: {DIMENSION}, or all where there are fewer")
    patterns: int | None = setting(None, help="P that advice is for; none: all that the data set has for training")
    share: float = setting(0.1, help="the largest part of them that a network is trained on")
    most: int = setting(
        1000, help="the most patterns that a network is trained on, whatever the share: it takes minutes"
    )
    seeds: int = setting(6, help="draws of the data: what is foretold rests on their spread")
    networks: int = setting(4, help="networks per draw, from other initial weights: the most that are averaged")
    start_ratio: float = setting(6.0, help="P/N_w at which each search for N* starts", source="docs/generalisation.md")
    highest_width: int = setting(512, help="largest width that is trained here")

    def problems(self) -> list[str]:
        """One sentence for each value that cannot be."""
        problems = super().problems() + beyond(
            patterns=self.patterns, highest_width=self.highest_width, start_ratio=self.start_ratio
        )
        if self.dataset == "random":
            problems.append("dataset = random: its labels follow no rule that could be learnt; name a real data set.")
        if self.minimiser != "lm":
            problems.append(
                f"minimiser = {self.minimiser}: advice is for lm, which decides whether patterns are satisfied."
            )
        if self.width != type(self).width:
            problems.append(f"width = {self.width}: it is what advice is about; leave it out.")
        if self.depth < 1:
            problems.append("depth = 0: a linear network has no width to advise; use depth=1 or more.")
        if self.labels != type(self).labels:
            problems.append(f"labels = {self.labels}: advice is for the labels that the data have; leave it out.")
        if not 0 < self.share <= 1:
            problems.append(f"share = {self.share}: it must be above 0 and at most 1, as in share=0.1.")
        if not 0 < self.start_ratio < float("inf"):
            problems.append(f"start_ratio = {self.start_ratio}: it must be a positive number.")
        for name, least in (("patterns", 2), ("most", 2), ("networks", 2), ("highest_width", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                problems.append(f"{name} = {value}: it must be at least {least}.")
        if self.networks > 100:
            problems.append(f"networks = {self.networks}: ask for at most 100.")
        return problems

    def census(self) -> Cell:
        """What counts the patterns and the components of the data set."""
        return Cell(
            task=CENSUS,
            coordinates={"what": "patterns"},
            dataset=self.request(self.seed, 1, None),
            label="how many patterns there are",
            cost=1.0,
        )

    def all_patterns(self, counted: Mapping[str, Any]) -> int:
        """P that advice is for.

        Arguments:
            counted: the values of the census.
        """
        there = int(counted["patterns"])
        return there if self.patterns is None else min(self.patterns, there)

    def sizes(self, counted: Mapping[str, Any]) -> tuple[int, ...]:
        """P of the parts, rising and even; empty where the largest would be too small."""
        largest = min(2 * int(self.share * self.all_patterns(counted) / 2), self.most - self.most % 2)
        if largest < LEAST:
            return ()
        parts = {2 * round(largest / 2**halving / 2) for halving in range(HALVINGS)}
        return tuple(sorted(part for part in parts if part >= FEWEST))

    def small(self, counted: Mapping[str, Any]) -> GeneralisationSettings:
        """The settings with which `generalisation` measures the parts: its cells, so that neither repeats the other's.

        Arguments:
            counted: the values of the census; with parts.
        """
        shared = {item.name: getattr(self, item.name) for item in fields(NetworkSettings)}
        components = counted.get("components")
        inputs = self.inputs or (DIMENSION if components is None else min(DIMENSION, int(components)))
        return GeneralisationSettings(
            **{**shared, "inputs": inputs, "seeds": self.seeds},
            patterns=self.sizes(counted),
            factors=FACTORS,
            networks=self.networks,
            start_ratio=self.start_ratio,
            highest_width=self.highest_width,
        )
