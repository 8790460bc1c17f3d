"""From flows to slopes, lines and collapses, with intervals over the networks."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from jamharness_numerics.statistics.bootstrap import estimate, few, interval
from jamharness_numerics.statistics.collapse import distance_of_curves, pooled_slope
from jamharness_systems.parametrised import UNITS

from jamharness.api import CellResult, Estimate, Findings, FinishedCell, Float64
from jamharness_protocols.regimes.lazy_limit import LazyLimit, log_variance
from jamharness_protocols.regimes.observables import FEATURE, LAZY, OBSERVABLES
from jamharness_protocols.regimes.plane import by_place, crossing_at, jamming_bracket, satisfied, seeds_of
from jamharness_protocols.regimes.settings import RegimesSettings

NAMES = (
    "kernel_change", "kernel_change_test", "displacement", "error", "initial_kernel_error", "final_kernel_error",
)  # fmt: skip
_RESAMPLES = 400
_NOTES = {
    "alpha_star_exponent": "fewer than two widths have ‖ΔΘ‖ = ‖Θ₀‖ bracketed",
    "kernel_slope_lazy": f"no width has two values of α with ‖ΔΘ‖ < {LAZY:g} ‖Θ₀‖",
    "kernel_slope_feature": f"no width has two values of α with ‖ΔΘ‖ > {FEATURE:g} ‖Θ₀‖",
    "displacement_slope_lazy": f"no width has two values of α with ‖ΔΘ‖ < {LAZY:g} ‖Θ₀‖",
    "displacement_slope_feature": f"no width has two values of α with ‖ΔΘ‖ > {FEATURE:g} ‖Θ₀‖",
    "variance_slope_lazy": "no lazy √h α has two widths at which all networks are satisfied",
    "variance_slope_feature": "no √h α of features has two widths at which all networks are satisfied",
    "collapse_scaled": "the curves of no two widths overlap",
    "collapse_unscaled": "the curves of no two widths overlap",
}


class Plane:
    """Values of every network at every place that all of them have reached.

    Attributes:
        places: (h, √h α), sorted.
        values: by name, (places, networks).
        outputs: F on the test set, (places, networks, M); labels (M,).
    """

    def __init__(self, settings: RegimesSettings, done: Sequence[FinishedCell]) -> None:
        flows = by_place(done)
        seeds = list(seeds_of(settings))
        whole = {
            place: [cells[seed].result for seed in seeds]
            for place, cells in sorted(flows.items())
            if all(seed in cells and cells[seed].result is not None for seed in seeds)
        }
        results = [[result for result in row if result is not None] for row in whole.values()]
        self.places = list(whole)
        self.width = np.array([width for width, _ in self.places], dtype=np.float64)
        self.scale = np.array([scale for _, scale in self.places], dtype=np.float64)
        names = (*NAMES, "gradients", "time", "unsatisfied", "parameters")
        self.values = {
            name: np.array([[_number(each, name) for each in row] for row in results]).reshape(-1, len(seeds))
            for name in names
        }
        self.solved = np.array([[each.values["outcome"] == "satisfied" for each in row] for row in results])
        self.outputs = [np.array([np.asarray(each.arrays["outputs"]) for each in row]) for row in results]
        self.labels = np.asarray(results[0][0].arrays["labels"], dtype=np.float64) if results else np.zeros(0)

    def logs(self, name: str, chosen: Float64) -> Float64:
        """The mean over some networks of the logarithm of a value, place by place."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.values[name][:, chosen.astype(int)]).mean(axis=1))

    def variances(self, chosen: Float64) -> Float64:
        """The logarithm of Var F over some networks, mean over the test set; NaN where not every network is satisfied.

        Networks that a resample holds twice count twice; the variance is that of the networks themselves, unbiased.
        """
        logarithms = np.full(len(self.places), np.nan)
        count = len(np.unique(chosen))
        if count < 2:
            return logarithms
        shares = np.bincount(chosen.astype(int), minlength=int(chosen.max()) + 1) / len(chosen)
        for place, outputs in enumerate(self.outputs):
            if self.solved[place].all():
                logarithms[place] = log_variance(outputs, shares)
        return logarithms


def _number(result: CellResult, name: str) -> float:
    value: Any = result.values[name]
    return float(value)


def analyse(settings: RegimesSettings, done: Sequence[FinishedCell]) -> Findings:
    """Estimates over networks; tables of places and lines.

    Arguments:
        settings: of the protocol.
        done: finished cells in any order.
    """
    plane = Plane(settings, done)
    lines, jamming = _crossover(settings, plane), _jamming(settings, done)
    rules = _rules(settings) if plane.places else {}
    available = {name: _estimate(settings, plane, name, rule) for name, rule in rules.items()}
    limit = LazyLimit(settings, done)
    readings = {name: partial(rule, plane) for name, rule in rules.items()} | {"variance_slope_limit": limit.slope}
    available |= _critical(jamming) | _errors(settings, plane) | _costs(done) | limit.estimates()
    missing = Estimate(value=None, count=0, note="no place has all its networks")
    estimates = {name: available.get(name, missing) for name in OBSERVABLES}
    objection = (
        "" if plane.places else "No place of the plane has all its networks: look at the failures, or raise --limit."
    )
    tables = {"places": _places(settings, plane), "crossover": lines, "jamming": jamming, "lazy_limit": limit.table()}
    samples = {name: by_network(read, settings) for name, read in readings.items() if estimates[name].value is not None}
    return Findings(estimates=estimates, tables=tables, objection=objection, samples=samples)


def by_network(read: Callable[[Float64], float], settings: RegimesSettings) -> dict[str, float]:
    """What each network adds to an estimate: Tukey's pseudo-values n θ − (n − 1) θ without it, by seed.

    They stand for independent samples where two runs on the same seeds are compared; none where an estimate cannot do
    without one of the networks.

    Arguments:
        read: the estimate from some networks, by their places among the seeds.
        settings: of the protocol.
    """
    count = settings.seeds
    everyone = np.arange(count, dtype=np.float64)
    without = [read(np.delete(everyone, left)) for left in range(count)] if count > 2 else [float("nan")]
    if not np.isfinite(without).all():
        return {}
    whole = read(everyone)
    values = [count * whole - (count - 1) * each for each in without]
    return {str(seed): value for seed, value in zip(seeds_of(settings), values, strict=True)}


Rule = Callable[[Plane, Float64], float]


def _rules(settings: RegimesSettings) -> dict[str, Rule]:
    """How each estimate is read from the plane and some networks, by their places among the seeds."""

    def in_alpha(name: str, *, lazy: bool) -> Rule:
        def read(plane: Plane, chosen: Float64) -> float:
            inside = _regime(plane, lazy=lazy)
            y = plane.logs(name, chosen)
            return pooled_slope([(np.log(plane.scale[i]), y[i]) for i in _groups(plane.width, inside)])

        return read

    def in_width(*, lazy: bool) -> Rule:
        def read(plane: Plane, chosen: Float64) -> float:
            inside = _regime(plane, lazy=lazy) & np.isin(plane.scale, settings.scales)
            y = plane.variances(chosen)
            return pooled_slope([(np.log(plane.width[i]), y[i]) for i in _groups(plane.scale, inside)])

        return read

    def collapse(power: float) -> Rule:
        def read(plane: Plane, chosen: Float64) -> float:
            y = plane.logs("kernel_change", chosen)
            x = np.log(plane.scale * plane.width**power)
            inside = np.isin(plane.width, settings.widths)
            return distance_of_curves([(x[i], y[i]) for i in _groups(plane.width, inside)])

        return read

    return {
        "alpha_star_exponent": lambda plane, chosen: _star_exponent(settings, plane, chosen),
        "kernel_slope_lazy": in_alpha("kernel_change", lazy=True),
        "kernel_slope_feature": in_alpha("kernel_change", lazy=False),
        "displacement_slope_lazy": in_alpha("displacement", lazy=True),
        "displacement_slope_feature": in_alpha("displacement", lazy=False),
        "variance_slope_lazy": in_width(lazy=True),
        "variance_slope_feature": in_width(lazy=False),
        "collapse_scaled": collapse(0.0),
        "collapse_unscaled": collapse(-0.5),
    }


def _regime(plane: Plane, *, lazy: bool) -> Any:
    """Which places lie in a regime, by the mean over all networks, and are solved by all of them."""
    change = np.exp(np.mean(np.log(np.maximum(plane.values["kernel_change"], 1e-300)), axis=1))
    inside = change < LAZY if lazy else change > FEATURE
    return inside & plane.solved.all(axis=1)


def _groups(keys: Float64, inside: Any) -> list[Any]:
    """The places inside, one group for each value of a key."""
    return [np.flatnonzero(inside & (keys == key)) for key in np.unique(keys[inside])]


def _stars(settings: RegimesSettings, plane: Plane, chosen: Float64) -> dict[int, float]:
    """α* in the article's units by width, where it is bracketed."""
    y, stars = plane.logs("kernel_change", chosen), {}
    for width in sorted(set(settings.widths)):
        mine = np.flatnonzero(plane.width == width)
        at = crossing_at({float(plane.scale[i]): float(y[i]) for i in mine})
        if at is not None:
            stars[width] = at / np.sqrt(width)
    return stars


def _star(settings: RegimesSettings, plane: Plane, width: int, chosen: Float64) -> float:
    """α* of one width; NaN where it is not bracketed."""
    return _stars(settings, plane, chosen).get(width, float("nan"))


def _star_exponent(settings: RegimesSettings, plane: Plane, chosen: Float64) -> float:
    stars = _stars(settings, plane, chosen)
    widths, alphas = np.array(list(stars), dtype=np.float64), np.array(list(stars.values()))
    return pooled_slope([(np.log(widths), np.log(alphas))])


def _estimate(settings: RegimesSettings, plane: Plane, name: str, rule: Rule) -> Estimate:
    """One estimate with its interval over networks."""
    count = settings.seeds
    everyone = np.arange(count, dtype=np.float64)
    value = rule(plane, everyone)
    if not np.isfinite(value):
        return Estimate(value=None, count=0, note=_NOTES[name])
    low, high = interval(everyone, lambda chosen: rule(plane, chosen), resamples=_RESAMPLES)
    return Estimate(value=value, low=low, high=high, count=count, note=few(count))


def _crossover(settings: RegimesSettings, plane: Plane) -> pd.DataFrame:
    """α* by width."""
    rows = []
    everyone = np.arange(settings.seeds, dtype=np.float64)
    for width, star in _stars(settings, plane, everyone).items() if plane.places else ():
        ends = interval(everyone, partial(_star, settings, plane, width), resamples=_RESAMPLES)
        rows.append({"width": width, "alpha_star": star, "low": ends[0], "high": ends[1]})
    return pd.DataFrame(rows, columns=["width", "alpha_star", "low", "high"])


def _jamming(settings: RegimesSettings, done: Sequence[FinishedCell]) -> pd.DataFrame:
    """The widths between which half of the networks become satisfied, by √h α."""
    rows = []
    flows = by_place(done)
    for scale in settings.jammed_at:
        mine = {h: cells for (h, at), cells in flows.items() if at == scale and len(cells) >= settings.seeds}
        low, high = jamming_bracket({h: satisfied(cells.values()) for h, cells in mine.items()})
        sizes = [None if h is None else settings.network_of(h).size for h in (low, high)]
        rows.append({
            "scale": scale, "unsatisfied_width": low, "satisfied_width": high, "unsatisfied_weights": sizes[0],
            "satisfied_weights": sizes[1], "widths_tried": len(mine),
            "undecided": sum(_undecided(item) for cells in mine.values() for item in cells.values()),
        })  # fmt: skip
    return pd.DataFrame(rows)


def _undecided(item: FinishedCell) -> bool:
    return item.result is not None and item.result.values["outcome"] == "undecided"


def _critical(jamming: pd.DataFrame) -> dict[str, Estimate]:
    """N at the jamming line at both of its ends: the bracket is the interval."""
    estimates = {}
    for name, row in (("critical_weights_feature", jamming.iloc[0]), ("critical_weights_lazy", jamming.iloc[-1])):
        low, high = row["unsatisfied_weights"], row["satisfied_weights"]
        known = pd.notna(low) and pd.notna(high)
        note = f"√h α = {row['scale']:g}; the interval is the bracket of whole widths, of these patterns alone"
        if not known:
            note = f"√h α = {row['scale']:g}: " + (
                "every width is satisfied" if pd.notna(high) else "no width tried is"
            )
        estimates[name] = Estimate(
            value=float(np.sqrt(low * high)) if known else None,
            low=float(low) if known else None,
            high=float(high) if known else None,
            count=int(row["widths_tried"]),
            note=note,
        )
    return estimates


def _errors(settings: RegimesSettings, plane: Plane) -> dict[str, Estimate]:
    """Test errors of the largest width at both ends of √h α."""
    estimates: dict[str, Estimate] = {}
    for name, scale in (("lazy", max(settings.scales)), ("feature", min(settings.scales))):
        place = (max(settings.widths), scale)
        if place not in plane.places:
            continue
        at = plane.places.index(place)
        errors = plane.values["error"][at]
        estimates[f"{name}_error"] = estimate(errors, np.mean)
        estimates[f"{name}_ensemble_error"] = Estimate(
            value=ensemble_error(plane.outputs[at], plane.labels), count=settings.seeds
        )
    return estimates


def ensemble_error(outputs: Float64, labels: Float64) -> float:
    """The part of the test set on which the mean output has the wrong sign.

    Arguments:
        outputs: (networks, M).
        labels: (M,).
    """
    return float(np.mean(~(outputs.mean(axis=0) * labels > 0)))


def _costs(done: Sequence[FinishedCell]) -> dict[str, Estimate]:
    """What flows cost."""
    flows = [item for cells in by_place(done).values() for item in cells.values()]
    gradients = [float(item.result.values["gradients"]) for item in flows if item.result is not None]  # type: ignore[arg-type]
    undecided = sum(_undecided(item) for item in flows)
    mean = float(np.mean(gradients)) if gradients else None
    return {
        "gradients": Estimate(value=mean, count=len(gradients)),
        "undecided": Estimate(value=float(undecided), count=len(flows)),
    }


def _places(settings: RegimesSettings, plane: Plane) -> pd.DataFrame:
    """Every place with the means of its networks."""
    rows: list[Mapping[str, Any]] = []
    everyone = np.arange(settings.seeds, dtype=np.float64)
    variances = plane.variances(everyone) if plane.places else ()
    units = UNITS[settings.units]
    for at, (width, scale) in enumerate(plane.places):
        means = {
            name: float(plane.values[name][at].mean()) for name in ("error", *NAMES[4:], "unsatisfied", "gradients")
        }
        geometric = {name: float(np.exp(np.mean(np.log(plane.values[name][at])))) for name in NAMES[:3]}
        rows.append({
            "width": width,
            "weights": int(plane.values["parameters"][at][0]),
            "scale": scale,
            "alpha": scale / np.sqrt(width),
            "satisfied": float(plane.solved[at].mean()),
            **geometric,
            **means,
            "ensemble_error": ensemble_error(plane.outputs[at], plane.labels),
            "variance": float(np.exp(variances[at])),
            "time": float(np.mean([units.time(float(t), scale, width) for t in plane.values["time"][at]])),
        })  # fmt: skip
    columns = [
        "width", "weights", "scale", "alpha", "satisfied", *NAMES[:3], "error", "ensemble_error", *NAMES[4:],
        "variance", "unsatisfied", "time", "gradients",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)
