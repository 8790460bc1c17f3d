"""Cells of the spectrum protocol whose spectrum is estimated: their values, beside exact cells and alone."""

from dataclasses import replace

import numpy as np
import pytest
from jamharness_protocols.spectrum.protocol import Spectrum
from jamharness_protocols.spectrum.settings import EXACT

PROTOCOL = Spectrum()
EXACTLY = Spectrum.Settings(
    constraint="none", activation="relu", width=3, depth=1, seeds=2, threshold=3.0, relative=(0.3, 4.0)
)
ESTIMATED = replace(EXACTLY, method="lanczos", probes=3, steps=30)


@pytest.fixture
def spectra(carry_out):
    """A function that gives the finished cells of this protocol alone."""
    return lambda chosen: [item for item in carry_out(PROTOCOL, chosen) if item.cell.task == "spectrum"]


def test_estimated_cells_beside_exact_ones(spectra):
    """The same minimisations: extremes and counts agree where N steps are taken, H = 0 is all zero modes."""
    for exact, estimated in zip(spectra(EXACTLY), spectra(ESTIMATED), strict=True):
        mine, values = estimated.result.values, exact.result.values
        spectrum, norm = exact.result.arrays["H"], np.abs(exact.result.arrays["H"]).max()
        assert mine["method"] == "lanczos"
        assert mine["outcome"] == values["outcome"]
        assert mine["largest_H"] == pytest.approx(spectrum[-1], abs=1e-10 * norm)
        assert mine["smallest_H"] == pytest.approx(spectrum[0], abs=1e-10 * norm)
        assert mine["converged_H"]
        assert estimated.result.arrays["weights_H"].sum() == pytest.approx(len(spectrum))
        for name in ("negative_H", "zero_H", "positive_H"):
            assert abs(mine[name] - values[name]) <= 4 * mine[name.replace("_H", "_error_H")] + mine["undecided_H"]
        assert mine["refusal_H"] == ""
        if mine["outcome"] == "satisfied":
            assert mine["zero_H"] == len(spectrum)
        assert "negative_Hp" not in mine
        assert [mine[f"{sign}_H0"] for sign in ("negative", "zero", "positive")] == [
            values[f"{sign}_H0"] for sign in ("negative", "zero", "positive")
        ]


@pytest.mark.parametrize("steps", [3, 30])
def test_findings_of_estimated_cells(steps, spectra):
    """What H alone decides is estimated; a refused count is no number, and counts as unclear; figures are drawn."""
    chosen = replace(ESTIMATED, steps=steps)
    findings = PROTOCOL.analyse(chosen, spectra(chosen))
    estimates = findings.estimates
    assert set(estimates) == set(Spectrum.observables)
    assert estimates["largest_h"].value > 0
    assert [estimates[name].value for name in ("c0", "stable", "hp_asymmetry")] == [None] * 3
    refused = steps == 3
    assert estimates["unclear"].value == (estimates["minima"].value if refused else 0)
    assert (estimates["zero_weight"].value is None) == refused
    assert findings.tables["cells"]["negative_H"].dtype == float
    assert {name.partition(" at ")[0] for name in findings.arrays} == {"nodes_H", "weights_H"}
    assert set(PROTOCOL.draw(findings)) == {"spectra"}


def test_both_kinds_in_one_run(spectra):
    """A table of both, and a figure in which a spectrum counts N whichever way it was found."""
    done = spectra(EXACTLY) + spectra(replace(ESTIMATED, seed=2))
    findings = PROTOCOL.analyse(EXACTLY, done)
    assert sorted(findings.tables["cells"]["method"]) == ["exact"] * 4 + ["lanczos"] * 4
    size = done[0].result.values["parameters"]
    assert len(findings.arrays["H at 4"]) == 2 * size
    assert findings.arrays["weights_H at 4"].sum() == pytest.approx(2 * size)
    assert set(PROTOCOL.draw(findings)) == {"spectra"}


def test_the_method_is_chosen_by_size():
    """Exact cells keep their coordinates, so that nothing is computed again; large ones say how they are estimated."""
    for width, estimated in ((60, False), (120, True)):
        chosen = Spectrum.Settings(constraint="none", activation="relu", width=width, depth=2, seeds=1, threshold=3.0)
        assert (chosen.network().size > EXACT) == estimated
        coordinates = PROTOCOL.plan(chosen, [])[0].coordinates
        assert ("method" in coordinates) == ("probes" in coordinates) == ("steps" in coordinates) == estimated
    assert "method" not in PROTOCOL.plan(replace(EXACTLY, width=120, method="exact"), [])[0].coordinates


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"probes": 0}, "probes = 0"),
        ({"steps": 1}, "steps = 1"),
        ({"width": 700, "depth": 3, "steps": 400}, "steps = 400: as many vectors of N = 1472801"),
    ],
)
def test_wrong_settings_are_sentences(change, words):
    """Each names the value; too many steps are told before anything is minimised."""
    problems = replace(ESTIMATED, **change).problems()
    assert len(problems) == 1
    assert problems[0].startswith(words)
