"""The spectra at the end of one minimisation."""

from collections.abc import Sequence
from dataclasses import asdict
from math import isfinite

from jamharness_numerics.spectra import asymmetry, count

from jamharness.api import Backend, Cell, CellResult, Json, Progress
from jamharness_protocols.common.problem import problem_of
from jamharness_protocols.spectrum import lanczos

MATRICES = ("H", "H0", "Hp")


def measure(cell: Cell, needed: Sequence[CellResult], backend: Backend, progress: Progress) -> CellResult:
    """Three spectra where the minimisation that the cell needs ended, or an estimate of that of H.

    Returns:
        values: those of the minimisation, the load, and the counts; arrays: the eigenvalues by matrix, (N,) each.
    """
    (trial,) = needed
    problem, w = problem_of(cell, backend), trial.arrays["w"]
    if cell.coordinates.get("method") == "lanczos":
        return lanczos.measure(cell, problem, trial, progress)
    progress("spectra")
    spectra = dict(zip(MATRICES, problem.hessian_eigenvalues(w), strict=True))
    values: dict[str, Json] = {**trial.values, "relative": cell.coordinates["relative"]}
    for name, spectrum in spectra.items():
        parts = list(spectra.values()) if name == "H" else [spectrum]
        for key, value in asdict(count(spectrum, parts, backend.dtype)).items():
            values[f"{key}_{name}"] = value if isfinite(value) else None
    values["hp_asymmetry"] = asymmetry(spectra["Hp"])
    return CellResult(values=values, arrays=spectra)
