"""Backends compared at points that are no hinge-loss minimisation: any system, moving under any rule.

The bound is that of ``rounding``, with what is measured there for whole networks measured for the system as it is: with
k terms in the longest sum of a pass, a quantity F may err by u √(2(k + 4)) |∂F/∂log(w, x)| and u √k |F|.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import hypot, sqrt

import numpy as np

from jamharness.agreement import exact, horizon, rounding, updates
from jamharness.agreement.measuring import TWINS
from jamharness.agreement.points import records
from jamharness.agreement.result import Trajectories
from jamharness.agreement.rows import ExactRow, HorizonRow
from jamharness.agreement.updates import MovingPoint
from jamharness.agreement.workers import BackendWorker, answers, coarsest
from jamharness.api import BadInput, DynamicsPoint, Float64, LocalSystem, Minibatch, Network
from jamharness.plugins import Plugins
from jamharness.running.data import Loading, load_patterns

SLOW_REFERENCE, LARGEST = "numpy", 300
"""The backend that differentiates formulas direction by direction, and the N up to which that takes minutes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PreparedDynamics:
    """A declared point and its problem at the initial w."""

    declared: DynamicsPoint
    point: MovingPoint

    @classmethod
    def of(cls, declared: DynamicsPoint, reference: str, plugins: Plugins, loading: Loading) -> "PreparedDynamics":
        """Load the data in a worker, and draw w.

        Raises:
            BadInput: everything that is wrong with the data, or a reference that would take hours.
        """
        system = declared.system
        if reference == SLOW_REFERENCE and system.size > LARGEST and not isinstance(system, Network | LocalSystem):
            raise BadInput(
                f"reference = {reference}: it takes derivatives in N = {system.size} directions one by one; give "
                f"--reference with one of the frameworks, or a system with N up to {LARGEST}."
            )
        x = y = None
        if declared.dataset is not None:
            x, y = load_patterns(declared.dataset, plugins, loading).first(declared.patterns)
        w = system.initial(seed=declared.seed, scheme=declared.scheme)
        point = MovingPoint(system=system, loss=declared.loss, rule=declared.rule, x=x, y=y, w=w)
        return cls(declared=declared, point=point)

    @property
    def factor(self) -> float:
        """√(2(k + 4)): roundings of a forward and a backward pass."""
        return sqrt(2 * (self.point.terms + 4))


def compare_exactly(
    where: PreparedDynamics,
    reference: str,
    referee: BackendWorker,
    others: Mapping[str, BackendWorker],
    failures: dict[str, str],
) -> list[ExactRow]:
    """All quantities at both states."""
    rows: list[ExactRow] = []
    for state, w in referee.submit(updates.states, where.point, where.declared.updates).result().items():
        point = replace(where.point, w=w)
        futures = {name: worker.submit(updates.quantities, point) for name, worker in others.items()}
        expected = referee.submit(updates.quantities, point).result()
        sensitive = referee.submit(updates.sensitivity, point, rounding.SAMPLES, rounding.STEP).result()
        deviation = {name: _deviation(where, expected[name], sensitive[name]) for name in expected}
        # An update is a difference of two w, each of them rounded.
        deviation["first update"] = hypot(deviation["first update"], float(np.abs(w).max()))
        for name, quantities in answers(futures, failures, f"at {where.declared.label}, {state}"):
            labels = {
                "backend": name, "reference": reference, "comparison_point": where.declared.label, "state": state
            }  # fmt: skip
            rows += exact.compare(quantities, expected, deviation, others[name].target.dtype, labels)
    return rows


def _deviation(where: PreparedDynamics, values: Float64, sensitive: Float64) -> float:
    """The largest standard deviation of a quantity's rounding errors, in units of u."""
    parts = (where.factor * sensitive) ** 2 + where.point.terms * values**2
    return float(np.sqrt(parts.max(initial=0.0)))


def compare_trajectories(
    where: PreparedDynamics,
    reference: str,
    referee: BackendWorker,
    others: Mapping[str, BackendWorker],
    failures: dict[str, str],
    most: int,
) -> tuple[list[HorizonRow], list[Trajectories]]:
    """The rule's trajectory from the initial w.

    Arguments:
        where: the point.
        reference: its name.
        referee: its worker.
        others: by name, those compared with it.
        failures: where reasons go.
        most: updates; fewer where the point declares fewer.
    """
    point, count = where.point, min(most, where.declared.updates)
    futures = {name: worker.submit(updates.trajectory, point, count) for name, worker in others.items()}
    expected = referee.submit(updates.trajectory, point, count).result()
    first = referee.submit(updates.first_update, point, rounding.SAMPLES, rounding.STEP).result()
    unit = rounding.roundoff(coarsest(others))
    bound = rounding.allowance(expected.shape[1]) * unit * where.factor * first
    twins = [
        referee.submit(updates.trajectory, updates.twin(point, 2 * unit, index), count).result()
        for index in range(TWINS)
    ]
    recorded, method = records("rule", count), rule_name(point)
    rows, apart = [], {}
    for name, trajectory in answers(futures, failures, f"along a trajectory of {where.declared.label}"):
        labels = {
            "backend": name, "reference": reference, "comparison_point": where.declared.label, "method": method
        }  # fmt: skip
        rows.append(horizon.compare(trajectory, expected, twins, recorded, bound, labels))
        apart[name] = horizon.distances(trajectory, expected)
    apart["reference, one rounding beside"] = horizon.distances(twins[0], expected)
    return rows, [Trajectories(method=method, updates=recorded, bound=bound, apart=apart)]


def rule_name(point: MovingPoint) -> str:
    """What a rule is called in rows."""
    rule = point.rule
    inner = rule.rule if isinstance(rule, Minibatch) else rule
    return type(inner).__name__.lower()
