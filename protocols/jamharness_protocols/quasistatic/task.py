"""One seed driven from jamming on."""

from collections.abc import Sequence

import numpy as np
from jamharness_numerics.approach import BALANCE, steps_for
from jamharness_numerics.minimise.rest import rest
from jamharness_numerics.quasistatic import Driven, compressed, filled

from jamharness.api import Backend, Cell, CellResult, DerivedProblem, Progress
from jamharness_protocols.common.problem import derived_problem_of, system_of


def measure(cell: Cell, needed: Sequence[CellResult], backend: Backend, progress: Progress) -> CellResult:
    """Drive a system from where its approach ended.

    Returns:
        values: ``outcome`` (``"done"``, or why driving ended early), κ_J and N_Δ where it began, N and N_w.
        arrays: the numbers of ``jamharness_numerics.quasistatic.DrivingStep`` by name, (k,) each.
    """
    (approach,) = needed
    driven = _driven(cell, approach, backend, progress)
    began = {name: approach.values[name] for name in ("critical_margin", "contacts", "parameters", "weights")}
    return CellResult(values={"outcome": driven.why, **began}, arrays=driven.columns())


def _driven(cell: Cell, approach: CellResult, backend: Backend, progress: Progress) -> Driven:
    at, w, critical = cell.coordinates, approach.arrays["w"], float(approach.values["critical_margin"])  # type: ignore[arg-type]
    if at["driving"] == "margin":
        margins = critical + np.geomspace(at["nearest"], at["furthest"], at["steps"] + 1)
        problem = derived_problem_of(cell, backend).with_margin(float(margins[0]))
        start = rest(problem, w, steps_for(problem), BALANCE).w
        return compressed(problem, start, margins[1:].tolist(), say=progress, checkpoints=cell.checkpoints)

    def first(count: int) -> DerivedProblem:
        assert cell.data is not None, "the host loads the data before measure"
        problem = backend.problem(system_of(cell), *cell.data.first(count), loss=cell.loss)
        assert isinstance(problem, DerivedProblem)
        return problem

    counts = range(at["patterns"] + 1, at["patterns"] + at["steps"] + 1)
    return filled(
        first, w, critical, approach.arrays["contacts"], counts,
        loss=at["loss"], say=progress, checkpoints=cell.checkpoints,
    )  # fmt: skip
