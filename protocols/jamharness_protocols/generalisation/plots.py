"""The plots of the generalisation protocol."""

from collections.abc import Mapping

from jamharness.api import Findings, Plot, series_of

_WEIGHTS = "weights N"


def plots(findings: Findings) -> Mapping[str, Plot]:
    """``cusp`` and ``outputs``: test errors and outputs against N; ``ensembles``: errors of the mean of networks."""
    points, ensembles = findings.tables["points"], findings.tables["ensembles"]
    if not len(points):
        return {}
    panels = {
        "cusp": Plot(
            title="Test error of one network against its weights, by the number of patterns",
            x_label=_WEIGHTS,
            y_label="test error",
            series=series_of(
                points, "points", "weights", "test_error", by="patterns", interval=("test_error_low", "test_error_high")
            ),
            log_x=True,
            verticals=("critical_weights",),
        ),
        "outputs": Plot(
            title="Output on the test set against the weights, by the number of patterns",
            x_label=_WEIGHTS,
            y_label="root mean square of f",
            series=series_of(points, "points", "weights", "output", by="patterns"),
            log_x=True,
            log_y=True,
            verticals=("critical_weights",),
        ),
    }
    largest = ensembles["patterns"] == ensembles["patterns"].max()
    if len(ensembles) and ensembles["networks"].max() > 1:
        # Those of other P stay in the table, whose rows points name, and out of the plot.
        shown = ensembles.assign(test_error=ensembles["test_error"].where(largest))
        panels["ensembles"] = Plot(
            title="Test error of the mean of several networks against the weights of each, by how many there are",
            x_label=_WEIGHTS,
            y_label="test error",
            series=series_of(shown, "ensembles", "weights", "test_error", by="networks", interval=("low", "high")),
            log_x=True,
        )
    return panels
