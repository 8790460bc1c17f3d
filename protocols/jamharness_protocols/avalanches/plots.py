"""The plots of the avalanches protocol."""

from collections.abc import Mapping

from jamharness.api import Findings, Plot, Series
from jamharness_protocols.avalanches.figures import PANELS
from jamharness_protocols.common.paper import at_least


def plots(findings: Findings) -> Mapping[str, Plot]:
    """``sizes`` and ``times``: the part of the intervals, and of the patterns, with at least as many."""
    panels = {}
    for name, along, up in PANELS:
        levels, part = at_least(findings.arrays[name])
        if len(levels):
            series = [Series(name=name, x=levels, y=part)]
            panels[name] = Plot(title=f"{along[0].upper()}{along[1:]}", x_label=along, y_label=up, series=series,
                               log_x=True, log_y=True)  # fmt: skip
    return panels
