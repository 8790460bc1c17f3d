"""The plots of the quasistatic protocol."""

from collections.abc import Mapping

from jamharness.api import Findings, Plot, Series
from jamharness_protocols.common.paper import at_least
from jamharness_protocols.quasistatic.figures import LOAD, PART, SIZE, WHERE, avalanches


def plots(findings: Findings) -> Mapping[str, Plot]:
    """``sizes`` and ``places``: how often an avalanche is at least so large, and the load and size of each."""
    loads, sizes = avalanches(findings)
    levels, part = at_least(sizes)
    if not len(levels):
        return {}
    return {
        "sizes": Plot(
            title="Sizes of avalanches", x_label=SIZE, y_label=PART, log_x=True, log_y=True,
            series=[Series(name="avalanches", x=levels, y=part)],
        ),
        "places": Plot(
            title="Where avalanches were", x_label=LOAD, y_label=WHERE,
            series=[Series(name="avalanches", x=loads, y=sizes)],
        ),
    }  # fmt: skip
