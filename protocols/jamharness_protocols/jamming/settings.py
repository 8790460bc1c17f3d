"""The settings of the jamming protocol."""

from dataclasses import dataclass

from jamharness.api import PatternSystem, named_data, setting
from jamharness_protocols.common.search_settings import SearchSettings, patterns_at
from jamharness_protocols.common.settings import PAPER, beyond

_WIDTH_SCAN_PATTERNS = (100, 200, 400, 800)
REAL = ("digits", "mnist", "mnist5k", "fashion-mnist", "cifar10", "file")
"""Data sets that end: a plan is pure and cannot count them, so a scan over their patterns is told how many to use."""


@dataclass(frozen=True, kw_only=True)
class JammingSettings(SearchSettings):
    """Settings of the jamming protocol."""

    scan: str = setting(
        "patterns",
        help="vary P at a fixed system, the width at fixed P, or the margin κ at fixed P: an approach to jamming, for "
        "systems whose scale is fixed; packings have no patterns and always vary κ",
        choices=("patterns", "width", "margin"),
        source=f"{PAPER}: N*(P) by lowering h",
    )
    patterns: int | tuple[int, ...] | None = setting(
        None,
        help="scan=patterns: the pool of patterns, whose prefixes are tried (none: highest_ratio × N_w); "
        f"scan=width: the values of P (none: {','.join(map(str, _WIDTH_SCAN_PATTERNS))})",
    )
    loads: tuple[float, ...] = setting(
        (),
        help="the same P/N_w for every seed, as in loads=2.5,2.8,3.1: in place of a search (scan=patterns), or κ_J at "
        "each of them, in the table of loads (scan=margin, or a fixed |w|)",
        source="docs/results.md, docs/at-jamming.md",
    )
    highest_width: int = setting(512, help="largest width that a scan over widths may reach")

    def problems(self) -> list[str]:
        """One sentence for each value that cannot be."""
        problems = super().problems() + beyond(patterns=self.patterns, highest_width=self.highest_width)
        for count in self.pattern_counts:
            if count < 2:
                problems.append(f"patterns = {count}: at least 2 are needed, one of each class.")
            elif count % 2 and self.labels == "alternate":
                near = f"{count - 1} or {count + 1}"
                problems.append(
                    f"patterns = {count}: alternate labels need an even number; use {near}, or labels=random."
                )
        if self.scan == "patterns" and self.patterns is None and named_data(self.dataset)[0] in REAL:
            problems.append(f"patterns = none: scan=patterns on {self.dataset} needs its pool, as in patterns=1000.")
        problems += self._load_problems()
        if self.scan != "width" and isinstance(self.patterns, tuple):
            text = ",".join(map(str, self.patterns))
            problems.append(f"patterns = {text}: scan={self.scan} takes one number; use scan=width for several.")
        if self.scan == "margin" and not self.approached:
            problems.append(
                "scan = margin: κ is no load where the output's scale is free; use scan=patterns, or constraint=sphere."
            )
        if self.scan == "margin" and self.free_scale:
            problems.append(
                f"scan = margin: the scale of {self.system.name} is free, so κ is no load; use scan=patterns."
            )
        if self.scan == "width" and self.approached:
            subject = self.system.name if self.system.value is not None else "a network at fixed |w|"
            problems.append(f"scan = width: {subject} has no width to scan; use scan=patterns or scan=margin.")
        elif self.scan == "width":
            if self.depth == 0:
                problems.append("depth = 0: a linear network has no width to scan; use scan=patterns.")
            if isinstance(self.width, tuple):
                text = ",".join(map(str, self.width))
                problems.append(f"width = {text}: scan=width varies one width for all layers; give one number.")
            if self.highest_width < 1:
                problems.append(f"highest_width = {self.highest_width}: it must be at least 1.")
        return problems

    def _load_problems(self) -> list[str]:
        """What is wrong with a fixed design."""
        if not self.loads:
            return []
        text = ",".join(f"{load:g}" for load in self.loads)
        if self.scan == "width" or not isinstance(self.measured(), PatternSystem):
            return [f"loads = {text}: they are P/N_w of systems of patterns, at a fixed width; leave them out."]
        if self.continuous and self.patterns is not None:
            return [f"loads = {text}: patterns = {self.patterns} says how many patterns too; leave one of them out."]
        problems = [f"loads = {load:g}: each load must be a positive number." for load in self.loads if not load > 0]
        most = float("inf") if self.continuous else self.highest_ratio
        if isinstance(self.patterns, int) and not problems:
            most = self.patterns / self.patterned().weights
        problems += [
            f"loads = {load:g}: there are patterns for at most {most:g}." for load in self.loads if load > most
        ]
        return problems

    def unused(self) -> dict[str, str]:
        """The settings that the others leave without effect, each with the reason."""
        reasons = super().unused()
        if self.scan != "width":
            reasons["highest_width"] = f"scan={self.scan} varies no width"
        else:
            reasons |= dict.fromkeys(("width", "highest_ratio", "resolution"), "scan=width varies the width")
        if self.continuous and self.scan == "patterns":
            subject = "a fixed |w|" if self.confined else self.system.name
            reasons["scan"] = f"jamming of {subject} is approached in κ (scan=margin)"
        if self.loads:
            reason = "loads gives every P"
            reasons |= dict.fromkeys(
                ("start_ratio",) if self.continuous else ("start_ratio", "resolution", "growth"), reason
            )
        return reasons

    @property
    def continuous(self) -> bool:
        """Whether jamming is approached in κ."""
        if self.constraint != "none":
            return True
        return self.system.value is not None and (
            self.scan == "margin" or not isinstance(self.system.value, PatternSystem)
        )

    @property
    def pattern_counts(self) -> tuple[int, ...]:
        """Every number of patterns that was asked for by name."""
        if self.patterns is None:
            return ()
        return self.patterns if isinstance(self.patterns, tuple) else (self.patterns,)

    @property
    def scanned_patterns(self) -> tuple[int, ...]:
        """The values of P of a scan over widths."""
        return self.pattern_counts or _WIDTH_SCAN_PATTERNS

    @property
    def fixed_patterns(self) -> int:
        """P of an approach in κ: as many as were asked for, or the start ratio's."""
        system = self.measured()
        if not isinstance(system, PatternSystem):
            return 0
        return self.pattern_counts[0] if self.pattern_counts else patterns_at(self.first_ratio, system, self.labels)

    @property
    def design(self) -> tuple[int, ...]:
        """P at the loads of a fixed design, each once, rising."""
        system = self.patterned()
        return tuple(sorted({patterns_at(load, system, self.labels) for load in self.loads}))

    @property
    def approached_patterns(self) -> tuple[int, ...]:
        """Every P at which jamming is approached in κ."""
        return self.design if self.loads else (self.fixed_patterns,)

    @property
    def scan_inputs(self) -> int:
        """The input dimension of a scan over widths: 10 unless given, as on MNIST in arXiv 1809.09349."""
        return 10 if self.inputs is None else self.inputs
