"""Ask every backend for its numbers at one situation, and compare them with the reference's."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from jamharness.agreement import exact, horizon, points, rounding
from jamharness.agreement.bench import Seat, reason_of
from jamharness.agreement.points import Point
from jamharness.agreement.result import Trajectories
from jamharness.agreement.rows import ExactRow, HorizonRow
from jamharness.api import Situation
from jamharness.plugins import Plugins, load_data

METHODS = ("adam", "fire", "lm")
TWINS = 2
"""Starts one rounding beside the reference's own, to see when it parts from itself."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Spot:
    """A situation and its problem at the initial w."""

    situation: Situation
    point: Point

    @classmethod
    def of(cls, situation: Situation, plugins: Plugins) -> "Spot":
        """Load the data and draw the weights."""
        x, y = load_data(situation.dataset, plugins).first(situation.patterns)
        w = situation.network.initial(seed=situation.seed, scheme=situation.scheme)
        return cls(situation=situation, point=Point(network=situation.network, x=x, y=y, margin=situation.margin, w=w))


def compare_exactly(
    where: Spot, reference: str, referee: Seat, others: Mapping[str, Seat], failures: dict[str, str]
) -> list[ExactRow]:
    """All quantities at all states of one situation."""
    rows: list[ExactRow] = []
    for state, w in referee.ask(points.states, where.point).result().items():
        point = replace(where.point, w=w)
        damping = referee.ask(points.damping_at, point).result()
        asked = {name: seat.ask(points.quantities, point, damping) for name, seat in others.items()}
        expected = referee.ask(points.quantities, point, damping).result()
        deviation = rounding.deviations(
            point,
            expected,
            referee.ask(points.sensitivity, point, damping, rounding.SAMPLES, rounding.STEP).result(),
            referee.ask(points.halves, point, damping, rounding.SAMPLES).result(),
            referee.ask(points.conditioning, point, damping).result(),
        )
        for name, reply in asked.items():
            if reason := reason_of(reply):
                failures[name] = f"Backend {name!r} failed at {where.situation.label}, {state}: {reason}."
                continue
            labels = {
                "backend": name, "reference": reference, "situation": where.situation.label, "state": state,
            }  # fmt: skip
            rows += exact.compare(reply.result(), expected, deviation, others[name].place.dtype, labels)
    return rows


def compare_trajectories(
    where: Spot, reference: str, referee: Seat, others: Mapping[str, Seat], failures: dict[str, str], updates: int
) -> tuple[list[HorizonRow], list[Trajectories]]:
    """All methods from one situation's initial w."""
    point = where.point
    asked = {name: seat.ask(points.trajectories, point, METHODS, updates) for name, seat in others.items()}
    expected = referee.ask(points.trajectories, point, METHODS, updates).result()
    first = referee.ask(points.first_updates, point, METHODS, rounding.SAMPLES, rounding.STEP).result()
    dtypes = {seat.place.dtype for seat in others.values()}
    dtype = "float32" if "float32" in dtypes else "float64"
    size = 2 * rounding.roundoff(dtype)
    twins = [
        referee.ask(points.trajectories, points.twin(point, size, index), METHODS, updates).result()
        for index in range(TWINS)
    ]
    replies = {}
    for name, reply in asked.items():
        if reason := reason_of(reply):
            failures[name] = f"Backend {name!r} failed along a trajectory of {where.situation.label}: {reason}."
        else:
            replies[name] = reply.result()
    rows, paths = [], []
    for method in METHODS:
        recorded = points.records(method, updates)
        one = rounding.passes(point) * first[method]
        bound = rounding.allowance(point.network.size) * rounding.roundoff(dtype) * one
        mine = [twin[method] for twin in twins]
        for name, found in replies.items():
            labels = {
                "backend": name, "reference": reference, "situation": where.situation.label, "method": method,
            }  # fmt: skip
            rows.append(horizon.compare(found[method], expected[method], mine, recorded, bound, labels))
        apart = {name: horizon.distances(found[method], expected[method]) for name, found in replies.items()}
        apart["reference, one rounding beside"] = horizon.distances(mine[0], expected[method])
        paths.append(Trajectories(method=method, updates=recorded, bound=bound, apart=apart))
    return rows, paths
