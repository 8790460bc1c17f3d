"""The spectra at the end of one minimisation."""

from collections.abc import Sequence
from dataclasses import asdict
from math import isfinite

from jamharness_numerics.spectra import asymmetry, count

from jamharness.api import Array, Backend, Cell, CellResult, DerivedProblem, Json, Problem, Progress
from jamharness_protocols.common.problem import problem_of
from jamharness_protocols.spectrum import lanczos
from jamharness_protocols.spectrum.compressed import compressed, tangent_eigenvalues

MATRICES = ("H", "H0", "Hp")


def measure(cell: Cell, needed: Sequence[CellResult], backend: Backend, progress: Progress) -> CellResult:
    """Three spectra where the minimisation that the cell needs ended, or an estimate of that of H.

    Returns:
        values: those of the minimisation, the load, and the counts; arrays: the eigenvalues by matrix, (N,) each, and
            the ``w`` (N,) of a system that was compressed.
    """
    (trial,) = needed
    moved: dict[str, Array] = {}
    problem: Problem | DerivedProblem = problem_of(cell, backend)
    if isinstance(problem, DerivedProblem):
        problem, trial = compressed(cell, problem, trial, progress)
        # Nowhere else is it kept, and without it nobody could check that it is a minimum.
        moved = {"w": trial.arrays["w"]}
    w = trial.arrays["w"]
    if cell.coordinates.get("method") == "lanczos":
        return lanczos.measure(cell, problem, trial, progress)
    progress("spectra")
    spectra = dict(zip(MATRICES, _eigenvalues(problem, w), strict=True))
    values: dict[str, Json] = {**trial.values, "relative": cell.coordinates["relative"]}
    for name, spectrum in spectra.items():
        parts = list(spectra.values()) if name == "H" else [spectrum]
        for key, value in asdict(count(spectrum, parts, backend.dtype)).items():
            values[f"{key}_{name}"] = value if isfinite(value) else None
    values["hp_asymmetry"] = asymmetry(spectra["Hp"])
    return CellResult(values=values, arrays={**spectra, **moved})


def _eigenvalues(problem: Problem | DerivedProblem, w: Array) -> tuple[Array, Array, Array]:
    """Of H, H0 and Hp, on the manifold of w."""
    if isinstance(problem, DerivedProblem) and problem.spheres:
        return tangent_eigenvalues(problem, w)
    return problem.hessian_eigenvalues(w)
