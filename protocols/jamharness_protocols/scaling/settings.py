"""The settings of the scaling protocol."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from jamharness.api import setting
from jamharness_protocols.common.settings import PAPER, NetworkSettings, beyond
from jamharness_protocols.jamming.settings import JammingSettings

SOURCE = "arXiv 1810.09665"
DATA, RANDOM = "data", "random"
"""The labels that the data have, and fair signs on the same inputs."""


@dataclass(frozen=True, kw_only=True)
class ScalingSettings(NetworkSettings):
    """Settings of the scaling protocol."""

    dataset: str = setting(
        "digits",
        help="a name from `jamharness datasets`, or file:PATH of one's own .csv, .parquet, .npz or IDX file",
        source="real data without a download; the papers have MNIST",
    )
    inputs: int | None = setting(10, help="principal components d", source=SOURCE)
    patterns: tuple[int, ...] = setting(
        (80, 160, 320, 640), help="the values of P; prefixes of one pool for each seed", source="what the digits hold"
    )
    beside: bool = setting(True, help="whether to search N* with random labels on the same inputs too", source=SOURCE)
    seeds: int = setting(6, help="draws of the data: intervals are over them")
    start_ratio: float = setting(3.0, help="P/N_w at which each search for N* starts", source=PAPER)
    highest_width: int = setting(512, help="largest width that is trained")

    def problems(self) -> list[str]:
        """One sentence for each value that cannot be."""
        problems = super().problems() + beyond(
            patterns=self.patterns, highest_width=self.highest_width, start_ratio=self.start_ratio
        )
        if len(set(self.patterns)) < 2:
            problems.append("patterns: an exponent needs at least two values of P, as in patterns=100,200,400,800.")
        if self.width != type(self).width:
            problems.append(f"width = {self.width}: this protocol searches the width; leave it out.")
        if self.depth < 1:
            problems.append("depth = 0: a linear network has no width to scan; use depth=1 or more.")
        if not 0 < self.start_ratio < float("inf"):
            problems.append(f"start_ratio = {self.start_ratio}: it must be a positive number.")
        if self.highest_width < 1:
            problems.append(f"highest_width = {self.highest_width}: it must be at least 1.")
        for count in sorted(set(self.patterns)):
            if count < 2:
                problems.append(f"patterns = {count}: at least 2 are needed, one of each class.")
            elif count % 2 and self.labels == "alternate":
                near = f"{count - 1} or {count + 1}"
                problems.append(
                    f"patterns = {count}: alternate labels need an even number; use {near}, or labels=random."
                )
        return problems

    def unused(self) -> dict[str, str]:
        """The settings that the others leave without effect, each with the reason."""
        beside = {"beside": "labels are random already"} if self.labels == "random" else {}
        return super().unused() | beside

    def searches(self) -> Mapping[str, JammingSettings]:
        """By kind of labels, the settings with which `jamming` makes the same searches: neither repeats the other's."""
        shared = {item.name: getattr(self, item.name) for item in fields(NetworkSettings)}
        own = JammingSettings(
            **{**shared, "width": type(self).width},
            scan="width",
            patterns=tuple(sorted(set(self.patterns))),
            start_ratio=self.start_ratio,
            highest_width=self.highest_width,
        )
        if self.labels == "random":
            return {RANDOM: own}
        searches = {DATA: own}
        return searches | {RANDOM: replace(own, labels="random")} if self.beside else searches
