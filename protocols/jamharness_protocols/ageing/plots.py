"""The plots of the ageing protocol."""

from collections.abc import Mapping

import numpy as np

from jamharness.api import Findings, Plot, Series, series_of
from jamharness_protocols.ageing.figures import moved

_TITLE = "How far w moves in a time t after a waiting time, by waiting time"


def plots(findings: Findings) -> Mapping[str, Plot]:
    """``ageing``: Δ against t; ``collapsed``: against t over the measured power of t_w; ``loss``: against t."""
    if not moved(findings):
        return {}
    exponent, curves = float(findings.arrays["exponent"]), findings.tables["curves"]
    power = exponent if np.isfinite(exponent) else 1.0
    curves = curves.assign(scaled=curves["t"] / curves["waiting"].astype(float) ** power)
    times, loss = (np.asarray(findings.arrays[name], dtype=np.float64) for name in ("times", "loss"))
    moved_by = "Δ(t_w, t_w + t)"
    return {
        "ageing": Plot(
            title=_TITLE, x_label="t", y_label=moved_by, log_x=True, log_y=True,
            series=series_of(curves, "curves", "t", "distance", by="waiting"),
        ),
        "collapsed": Plot(
            title=f"{_TITLE}: over t_w to the power {power:.2f}", x_label="t/t_w^μ", y_label=moved_by, log_x=True,
            log_y=True, series=series_of(curves, "curves", "scaled", "distance", by="waiting"),
        ),
        "loss": Plot(
            title="Loss, or energy per spin", x_label="t", y_label="loss, or energy per spin", log_x=True,
            series=[Series(name="loss", x=times[1:], y=loss[1:], line=True)],
        ),
    }  # fmt: skip
