"""Ask every backend for its numbers at one comparison point, and compare them with the reference's."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from jamharness.agreement import exact, horizon, points, rounding
from jamharness.agreement.points import Point
from jamharness.agreement.result import Trajectories
from jamharness.agreement.rows import ExactRow, HorizonRow
from jamharness.agreement.workers import BackendWorker, answers, coarsest
from jamharness.api import ComparisonPoint
from jamharness.plugins import Plugins
from jamharness.running.data import Loading, load_patterns

METHODS = ("adam", "fire", "lm")
TWINS = 2
"""Starts one rounding beside the reference's own, to see when it parts from itself."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PreparedPoint:
    """A comparison point and its problem at the initial w."""

    comparison_point: ComparisonPoint
    point: Point

    @classmethod
    def of(cls, comparison_point: ComparisonPoint, plugins: Plugins, loading: Loading) -> "PreparedPoint":
        """Load the data in a worker, and draw the weights.

        Raises:
            BadInput: everything that is wrong with the data.
        """
        x, y = load_patterns(comparison_point.dataset, plugins, loading).first(comparison_point.patterns)
        w = comparison_point.network.initial(seed=comparison_point.seed, scheme=comparison_point.scheme)
        return cls(
            comparison_point=comparison_point,
            point=Point(network=comparison_point.network, x=x, y=y, margin=comparison_point.margin, w=w),
        )


def compare_exactly(
    where: PreparedPoint,
    reference: str,
    referee: BackendWorker,
    others: Mapping[str, BackendWorker],
    failures: dict[str, str],
) -> list[ExactRow]:
    """All quantities at all states of one comparison point."""
    rows: list[ExactRow] = []
    for state, w in referee.submit(points.states, where.point).result().items():
        point = replace(where.point, w=w)
        damping = referee.submit(points.damping_at, point).result()
        futures = {name: worker.submit(points.quantities, point, damping) for name, worker in others.items()}
        expected = referee.submit(points.quantities, point, damping).result()
        deviation = rounding.deviations(
            point,
            expected,
            referee.submit(points.sensitivity, point, damping, rounding.SAMPLES, rounding.STEP).result(),
            referee.submit(points.halves, point, damping, rounding.SAMPLES).result(),
            referee.submit(points.conditioning, point, damping).result(),
        )
        for name, quantities in answers(futures, failures, f"at {where.comparison_point.label}, {state}"):
            labels = {
                "backend": name, "reference": reference,
                "comparison_point": where.comparison_point.label, "state": state,
            }  # fmt: skip
            rows += exact.compare(quantities, expected, deviation, others[name].target.dtype, labels)
    return rows


def compare_trajectories(
    where: PreparedPoint,
    reference: str,
    referee: BackendWorker,
    others: Mapping[str, BackendWorker],
    failures: dict[str, str],
    updates: int,
) -> tuple[list[HorizonRow], list[Trajectories]]:
    """All methods from one comparison point's initial w."""
    point = where.point
    futures = {name: worker.submit(points.trajectories, point, METHODS, updates) for name, worker in others.items()}
    expected = referee.submit(points.trajectories, point, METHODS, updates).result()
    first = referee.submit(points.first_updates, point, METHODS, rounding.SAMPLES, rounding.STEP).result()
    unit = rounding.roundoff(coarsest(others))
    twins = [
        referee.submit(points.trajectories, points.twin(point, 2 * unit, index), METHODS, updates).result()
        for index in range(TWINS)
    ]
    replies = dict(answers(futures, failures, f"along a trajectory of {where.comparison_point.label}"))
    rows, paths = [], []
    for method in METHODS:
        recorded = points.records(method, updates)
        one = rounding.passes(point) * first[method]
        bound = rounding.allowance(point.network.size) * unit * one
        mine = [twin[method] for twin in twins]
        for name, trajectories in replies.items():
            labels = {
                "backend": name, "reference": reference,
                "comparison_point": where.comparison_point.label, "method": method,
            }  # fmt: skip
            rows.append(horizon.compare(trajectories[method], expected[method], mine, recorded, bound, labels))
        apart = {
            name: horizon.distances(trajectories[method], expected[method]) for name, trajectories in replies.items()
        }
        apart["reference, one rounding beside"] = horizon.distances(mine[0], expected[method])
        paths.append(Trajectories(method=method, updates=recorded, bound=bound, apart=apart))
    return rows, paths
