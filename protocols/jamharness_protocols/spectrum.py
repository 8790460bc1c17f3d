"""The spectrum of the Hessian H = H0 + Hp below, at and beyond the jamming transition."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from math import isfinite
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from jamharness.api import Backend, Cell, CellResult, Findings, FinishedCell, Json, Observable, Progress, Situation
from jamharness_protocols import spectrum_analysis, spectrum_figures, spectrum_lanczos
from jamharness_protocols.spectra import count
from jamharness_protocols.spectrum_observables import OBSERVABLES
from jamharness_protocols.spectrum_settings import SpectrumSettings
from jamharness_protocols.trial import problem_of, run_trial

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MATRICES = ("H", "H0", "Hp")


class Spectrum:
    """N_−, N_0 and N_+ of H, H0 and Hp, their symmetry and scale, phase by phase."""

    Settings = SpectrumSettings
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "quick": {"seeds": 6, "relative": (0.7, 1.4)},
        "paper": {"width": 40, "depth": 5, "seeds": 4},
    }
    observables: ClassVar[Mapping[str, Observable]] = OBSERVABLES

    def plan(self, settings: SpectrumSettings, done: Sequence[FinishedCell]) -> Sequence[Cell]:
        """Every seed at every load that has not been tried."""
        tried = {_place(item.cell) for item in done}
        return [cell for cell in _cells(settings) if _place(cell) not in tried]

    def situations(self, settings: SpectrumSettings) -> Sequence[Situation]:
        """The first seed at the largest load."""
        network = settings.network()
        counts = _patterns(settings)
        return [settings.situation(network, max(counts), max(counts), settings.seed)]

    def measure(self, cell: Cell, backend: Backend, progress: Progress) -> CellResult:
        """One minimisation, then three spectra at its end, or an estimate of that of H."""
        trial = run_trial(cell, backend, progress)
        problem, w = problem_of(cell, backend), trial.arrays["w"]
        if cell.coordinates.get("method") == "lanczos":
            return spectrum_lanczos.measure(cell, problem, trial, progress)
        progress("spectra")
        spectra = dict(zip(MATRICES, problem.hessian_eigenvalues(w), strict=True))
        values: dict[str, Json] = {**trial.values, "relative": cell.coordinates["relative"]}
        for name, spectrum in spectra.items():
            parts = list(spectra.values()) if name == "H" else [spectrum]
            found = count(spectrum, parts, backend.dtype)
            for key, value in asdict(found).items():
                values[f"{key}_{name}"] = value if isfinite(value) else None
        size = float(np.abs(spectra["Hp"]).sum())
        values["asymmetry"] = float(spectra["Hp"].sum()) / size if size else None
        return CellResult(values=values, arrays={**trial.arrays, **spectra})

    def analyse(self, settings: SpectrumSettings, done: Sequence[FinishedCell]) -> Findings:
        """Estimates over the minima of each load, and the table of cells."""
        return spectrum_analysis.analyse(settings.relative, done)

    def draw(self, findings: Findings) -> "Mapping[str, Figure]":
        """Densities of H and Hp, phase by phase, linear and logarithmic."""
        return spectrum_figures.draw(findings)


def _place(cell: Cell) -> tuple[Json, Json]:
    return cell.coordinates["seed"], cell.coordinates["patterns"]


def _patterns(settings: SpectrumSettings) -> dict[int, float]:
    """P by relative load: the nearest even number, which alternate labels need."""
    weights = settings.network().weights
    return {max(2, 2 * round(value * settings.threshold * weights / 2)): value for value in settings.relative}


def _cells(settings: SpectrumSettings) -> Iterator[Cell]:
    network, counts = settings.network(), _patterns(settings)
    for seed in range(settings.seed, settings.seed + settings.seeds):
        for patterns, value in counts.items():
            yield Cell(
                protocol="spectrum",
                coordinates={
                    **settings.coordinates(network, seed, patterns),
                    "relative": value,
                    **settings.lanczos(network),
                },
                dataset=settings.request(seed, network.inputs, max(counts)),
                label=f"seed {seed}, P = {patterns}, {value:g} of the threshold",
                cost=float(patterns) * network.size**2,
            )
