"""A comparison of backends: tables, the verdict, and the figure of trajectories that part."""

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from jamharness.render.prose import Prose
from jamharness.render.screen import table
from jamharness.render.texts import duration
from jamharness.render.verdicts import STYLES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from jamharness.agreement import Agreement
    from jamharness.agreement.rows import DistributionRow, ExactRow, HorizonRow

_CONCLUSIONS = {
    "agree": "The backends agree.",
    "differ": "The backends differ.",
    "could not compare": "It is not shown whether the backends agree.",
}


def agreement(compared: "Agreement") -> RenderableType:
    """All rows of a comparison, what could not be compared, and the verdict."""
    parts: list[RenderableType] = []
    if compared.exact:
        parts.append(_exact(compared.exact))
    if compared.horizon:
        parts.append(_horizon(compared.horizon))
    if compared.distribution:
        parts += _distributions(compared.distribution)
    parts += [Prose(Text(reason, style="red")) for reason in compared.failures.values()]
    parts += [Prose(Text.assemble("Figure ", (file, "bold"))) for file in compared.files]
    style = {"agree": "bold green", "differ": "bold red"}.get(compared.verdict, "bold yellow")
    parts.append(Prose(Text.assemble((_CONCLUSIONS[compared.verdict], style), f" ({duration(compared.seconds)})")))
    return Group(*parts)


def _exact(rows: "Sequence[ExactRow]") -> RenderableType:
    """One line for each quantity: each backend's largest error over the states, and the bound there."""
    backends = list(dict.fromkeys(row.backend for row in rows))
    grid = table("exact!", *(f"{name}>" for name in backends), "bound>", "condition>", "verdict!")
    for quantity in dict.fromkeys(row.quantity for row in rows):
        worst = {
            name: max((row for row in rows if (row.quantity, row.backend) == (quantity, name)), key=_severity)
            for name in backends
            if any((row.quantity, row.backend) == (quantity, name) for row in rows)
        }
        hardest = max(worst.values(), key=_severity)
        errors = [_small(worst[name].error) if name in worst else "–" for name in backends]
        grid.add_row(
            Text(quantity, style="bold"), *errors, _small(hardest.bound), _small(hardest.condition),
            _verdict(hardest.verdict),
        )  # fmt: skip
    notes = dict.fromkeys(f"{row.backend}: {row.quantity}: {row.note}" for row in rows if row.note)
    states = ", ".join(dict.fromkeys(row.state for row in rows))
    text = (
        f"largest errors over the states {states}, relative to the largest entry; condition: in units of eps; "
        "bound: what roundings may cause, with one false alarm in a million"
    )
    return Group(grid, *_notes([text, *notes]), Text(""))


def _severity(row: "ExactRow") -> float:
    if row.verdict == "differ":
        return float("inf")
    return -1.0 if row.error is None or not row.bound else row.error / row.bound


def _horizon(rows: "Sequence[HorizonRow]") -> RenderableType:
    grid = table("horizon!", "backend!", "updates>", "parts>", "twin parts>", "growth>", "verdict!")
    for row in rows:
        grid.add_row(
            Text(row.method, style="bold"), row.backend, str(row.updates), _update(row.parted), _update(row.twin),
            "–" if row.growth is None else f"{row.growth:.2g}", _verdict(row.verdict),
        )  # fmt: skip
    text = (
        "trajectories part when a parameter differs by more than roundings add up to, bound × updates; twin: the "
        "reference from a start one rounding beside; growth: e-foldings of the difference per update"
    )
    return Group(grid, *_notes([text]), Text(""))


def _distributions(rows: "Sequence[DistributionRow]") -> list[RenderableType]:
    """One table for each pair of backends."""
    pairs = dict.fromkeys((row.first, row.second) for row in rows)
    return [_distribution([row for row in rows if (row.first, row.second) == pair]) for pair in pairs]


def _distribution(rows: "Sequence[DistributionRow]") -> RenderableType:
    grid = table("distribution!", "by>", "95% interval!", "margin>", "n>", "verdict!")
    for row in rows:
        interval = "–" if row.low is None or row.high is None else f"{row.low:.2f} to {row.high:.2f}"
        grid.add_row(
            Text(row.observable, style="bold"), "–" if row.difference is None else f"{row.difference:.3f}", interval,
            "–" if row.equivalence is None else f"{row.equivalence:g}", str(row.count), _verdict(row.verdict),
        )  # fmt: skip
    pairs = dict.fromkeys(f"by: {row.first} − {row.second}; margin: within which they count as equal" for row in rows)
    paired = any(row.paired for row in rows)
    notes = [*pairs, *(["n: seeds, compared pair by pair where both backends found a bracket"] if paired else [])]
    notes += [f"{row.observable}: {row.note}" for row in rows if row.note]
    return Group(grid, *_notes(notes), Text(""))


def _notes(texts: Sequence[str]) -> list[RenderableType]:
    return [Prose(text, 2) for text in texts]


def _verdict(verdict: str) -> Text:
    # Short enough for a table of 80 columns; the sentence below it says the rest.
    return Text("too few" if verdict == "too few seeds" else verdict, style=STYLES[verdict])


def _small(value: float | None) -> str:
    return "–" if value is None else f"{value:.1e}"


def _update(number: int | None) -> str:
    return "never" if number is None else str(number)


def trajectories(compared: "Agreement") -> Mapping[str, bytes]:
    """The distance of each backend's trajectory from the reference's, one panel for each method; PNG by name."""
    import matplotlib as mpl

    from jamharness.running.figures import STYLE

    mpl.use("Agg")
    from matplotlib import pyplot

    buffer = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure = _parting(compared, len(compared.trajectories))
        figure.savefig(buffer, format="png")
        pyplot.close(figure)
    return {"trajectories": buffer.getvalue()}


def _parting(comparison: "Agreement", count: int) -> "Figure":
    from matplotlib import pyplot

    size = (3.4 if count == 1 else 7.0, 2.8)
    figure, panels = pyplot.subplots(1, count, figsize=size, squeeze=False, layout="constrained")
    for panel, path in zip(panels[0], comparison.trajectories, strict=True):
        for name, apart in path.apart.items():
            shown = [value if value > 0 else float("nan") for value in apart]
            own = name.startswith("reference")
            panel.loglog(path.updates, shown, "--" if own else "-", label=name, color="grey" if own else None)
        rounding = [path.bound * update for update in path.updates]
        panel.loglog(path.updates, rounding, ":", color="black", label="roundings added up")
        panel.annotate(path.method, (0.95, 0.05), xycoords="axes fraction", horizontalalignment="right")
        panel.set_xlabel("updates")
        panel.grid(visible=True, alpha=0.3)
    panels[0][0].set_ylabel(f"largest |w − w({comparison.reference})|")
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=min(4, len(labels)))
    return figure
