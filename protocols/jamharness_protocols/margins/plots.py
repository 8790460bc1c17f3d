"""The plots of the margins protocol."""

from collections.abc import Mapping

from jamharness.api import Findings, Plot, Series, series_of
from jamharness_protocols.margins.figures import cumulated, fitted


def plots(findings: Findings) -> Mapping[str, Plot]:
    """``margins``: how many are smaller, with the fits; ``windows``: the exponent against the end of its window."""
    fits = findings.tables["fits"].set_index("name")
    names = [str(name) for name in fits.index if fits["exponent"].notna()[name]]
    if not names:
        return {}
    series: list[Series] = []
    for name in names:
        (x, count), (t, curve) = cumulated(findings, name), fitted(findings, name)
        series += [Series(name=name, x=x, y=count), Series(name=f"{name}, fit in its window", x=t, y=curve, line=True)]
    table = findings.tables["windows"]
    windows = series_of(table, "windows", "upper", "exponent", by="name", interval=("low", "high"))
    return {
        "margins": Plot(
            title="Margins: how many are smaller, beyond the lower end of the window",
            x_label="size of the margin (θ: over its median or mean; γ: over κ)",
            y_label="margins that are smaller",
            series=series,
            log_x=True,
            log_y=True,
        ),
        "windows": Plot(
            title="The exponent in every window that was tried",
            x_label="end of the window",
            y_label="exponent",
            series=windows,
            log_x=True,
        ),
    }
