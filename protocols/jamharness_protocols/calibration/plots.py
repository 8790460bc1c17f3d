"""The plot of the calibration protocol."""

from collections.abc import Mapping

import numpy as np

from jamharness.api import Findings, Plot, series_of
from jamharness_protocols.calibration.figures import distances


def plots(findings: Findings) -> Mapping[str, Plot]:
    """``calibration``: how far every estimate is from its truth, in half intervals; inside ±1 is covered."""
    rows = findings.tables["rows"]
    if not len(rows):
        return {}
    # Positions in the table as it is exported: the rows that are met exactly have no distance, and are left out.
    shown = rows.assign(distance=distances(rows), row=np.arange(len(rows)))
    shown["verdict"] = np.where(rows["covered"].astype(bool), "covered", "not covered")
    return {
        "calibration": Plot(
            title="Estimates of what is exactly known: inside ±1 the 95% interval holds the truth",
            x_label="(estimate − truth) / half the 95% interval",
            y_label="row of the table",
            series=series_of(shown, "rows", "distance", "row", by="verdict", order=("covered", "not covered")),
        )
    }
