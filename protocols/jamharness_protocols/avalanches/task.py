"""One minimisation followed from record to record."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jamharness_numerics.minimise import RULES
from jamharness_numerics.minimise.certificate import loss_of

from jamharness.api import Adam, Backend, Cell, CellResult, Optimizer, Progress, Sgd
from jamharness_protocols.avalanches.following import changes, follow
from jamharness_protocols.common.problem import network_of, network_problem_of


def measure(cell: Cell, _needed: Sequence[CellResult], backend: Backend, progress: Progress) -> CellResult:
    """Follow one minimisation and count changes between its records."""
    network, problem, at = network_of(cell), network_problem_of(cell, backend), cell.coordinates
    w = network.initial(seed=at["seed"], scheme=at["initial"])
    rule = _rule(at["minimiser"], at["learning_rate"])
    records = np.linspace(0, at["budget"], at["records"]).round().astype(int)
    steps, margins = follow(problem, w, rule, records, progress)
    unsatisfied = margins > 0
    counts = changes(unsatisfied)
    return CellResult(
        values={
            "unsatisfied": int(unsatisfied[-1].sum()),
            "loss": loss_of(margins[-1]),
            "updates": int(steps[-1]),
            "weights": network.weights,
            "parameters": network.size,
        },
        arrays={
            "steps": steps,
            "learned": counts.learned,
            "forgotten": counts.forgotten,
            "times": counts.times,
            "left": unsatisfied.sum(axis=1),
        },
    )


def _rule(name: str, learning_rate: float) -> Optimizer:
    rule = RULES[name]
    return replace(rule, learning_rate=learning_rate) if isinstance(rule, Adam | Sgd) else rule
