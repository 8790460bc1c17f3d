"""The settings of a search for the transition along P/N_w, which every protocol that begins with one shares."""

from dataclasses import dataclass

from jamharness.api import setting
from jamharness_protocols.common.settings import PAPER, NetworkSettings, beyond


@dataclass(frozen=True, kw_only=True)
class SearchSettings(NetworkSettings):
    """Where a seed's search starts, how far it may go and when it ends."""

    start_ratio: float = setting(3.0, help="P/N_w of the first trial", source=f"{PAPER}: the transition lies near 3")
    highest_ratio: float = setting(12.0, help="largest P/N_w that a scan over patterns may reach")
    resolution: float = setting(0.2, help="width in P/N_w at which a seed's bracket is narrow enough (scan=patterns)")
    growth: float = setting(1.25, help="factor between trials while one end of the bracket is missing")

    def problems(self) -> list[str]:
        """One sentence for each value that cannot be."""
        found = super().problems()
        found += beyond(start_ratio=self.start_ratio, highest_ratio=self.highest_ratio)
        for name, value in (
            ("start_ratio", self.start_ratio),
            ("highest_ratio", self.highest_ratio),
            ("resolution", self.resolution),
        ):
            if not 0 < value < float("inf"):
                found.append(f"{name} = {value}: it must be a positive number, in units of P/N_w.")
        if not self.growth > 1:
            found.append(f"growth = {self.growth}: it must be above 1, as in growth=1.25.")
        return found
