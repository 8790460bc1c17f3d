"""The plots of the advise protocol."""

from collections.abc import Mapping

import numpy as np

from jamharness.api import Findings, Plot, Series, series_of


def plots(findings: Findings) -> Mapping[str, Plot]:
    """``advice``: N* of the parts and the line that foretells that of all; ``errors``: test errors of the parts."""
    if "threshold" not in findings.arrays:
        return {}
    brackets, band = findings.tables["brackets"], np.asarray(findings.arrays["threshold"], dtype=np.float64)
    middle = brackets.assign(middle=np.sqrt(brackets["low"] * brackets["high"]))
    points = series_of(middle, "brackets", "patterns", "middle", interval=("low", "high"))
    line = Series(name="foretold", x=band[:, 0], y=band[:, 1], line=True)
    errors = findings.tables["errors"]
    words = errors["networks"].map("mean of {:.0f}".format) + errors["factor"].map(" at {:g} N*".format)
    return {
        "advice": Plot(
            title="Weights at the transition of the parts of the data, and what is foretold of all",
            x_label="patterns P",
            y_label="weights at the transition N*",
            series=[*points, line],
            log_x=True,
            log_y=True,
        ),
        "errors": Plot(
            title="Test error of the parts",
            x_label="patterns P",
            y_label="test error",
            series=series_of(errors.assign(kind=words), "errors", "patterns", "test_error", by="kind"),
            log_x=True,
        ),
    }
