"""The plots of the regimes protocol."""

from collections.abc import Mapping

from jamharness.api import Findings, Plot, series_of


def plots(findings: Findings) -> Mapping[str, Plot]:
    """``collapse``: how far kernels move against √h α; ``errors`` and ``fluctuations`` against α, by h."""
    places = findings.tables["places"]
    if not len(places):
        return {}
    axes = {
        "collapse": ("scale", "kernel_change", "√h α", "change of the tangent kernel over its initial norm"),
        "errors": ("alpha", "error", "α", "test error of one network"),
        "fluctuations": ("alpha", "variance", "α", "variance of the output over networks"),
    }
    return {
        name: Plot(
            title=f"{up[0].upper()}{up[1:]} against {along}, by width",
            x_label=along,
            y_label=up,
            series=series_of(places, "places", x, y, by="width"),
            log_x=True,
            log_y=y != "error",
        )
        for name, (x, y, along, up) in axes.items()
    }
