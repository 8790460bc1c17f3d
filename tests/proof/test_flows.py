"""Proofs of flows: a real run holds, and whatever is changed of it does not."""

from pathlib import Path

import numpy as np
import pytest
from jamharness_proof import flows
from jamharness_systems.parametrised import PARAMETRISATIONS, ParametrisedNetwork, second_moment
from jamharness_systems.parametrised_kernel import tangent_kernel

import jamharness
from jamharness.datasets import digits
from jamharness.store.cells import read_cell
from jamharness.verifying import verify_run

SETTINGS = {
    "patterns": 8, "widths": (4,), "scales": (0.5, 1e3), "seeds": 2, "depth": 1, "limit_widths": (6,), "inputs": 4,
    "tests": 30, "kernel_tests": 10, "resolution": 1e6, "highest_width": 4, "jamming_scales": (1e3,), "budget": 300,
}  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two real runs, of flows alone and side by side."""
    folder = tmp_path_factory.mktemp("flows") / "store"
    for name, more in (
        ("alone", {}),
        ("together", {"side_by_side": True, "method": "chebyshev", "scales": (10.0, 1e3)}),
    ):
        settings = {**SETTINGS, **more}
        done = jamharness.run("regimes", backend="numpy", settings=settings, store=folder, name=name, workers=1)
        assert done.status == "finished"
    return folder


@pytest.mark.parametrize("name", ["alone", "together"])
def test_a_run_of_regimes_verifies(store, name):
    """Every cell has a proof, and every claim holds."""
    verification = verify_run(name, store)
    assert verification.wrong == []
    assert verification.unchecked == []
    assert {row.claim.partition(" of ")[0] for row in verification.rows} >= {
        "N_Δ",
        "L",
        "‖ΔΘ‖/‖Θ₀‖",
        "kernel",
        "satisfied",
    }


def cells(store: Path, task: str):
    """Identity, values, arrays, and the patterns of cells of a task."""
    stored = []
    for path in sorted((store / "cells").glob("*/*.json")):
        cell = read_cell(path)
        if cell is not None and cell.identity["cell"]["task"] == task:
            stored.append(cell)
    return stored


def wrong(proof, cell, patterns, values=(), arrays=()):
    """Names of the claims that no longer hold once some values and arrays are changed."""
    changed = {**cell.result.values, **dict(values)}, {**cell.result.arrays, **dict(arrays)}
    return {claim for claim, holds, _ in proof(cell.identity, *changed, patterns.x, patterns.y, ()) if not holds}


def test_what_was_changed_is_found(store):
    """Values one by one, another w, outputs of another sign, and pulls of an initial kernel."""
    from jamharness.api import DataRequest

    cell = next(each for each in cells(store, "regimes") if each.result.values["outcome"] == "satisfied")
    request = dict(cell.identity["cell"]["dataset"])
    patterns = digits.load(DataRequest(**request))
    assert wrong(flows.regimes, cell, patterns) == set()
    values = cell.result.values
    for name, claim in (
        ("unsatisfied", "N_Δ"), ("loss", "L"), ("displacement", "‖Δw‖/‖w₀‖"), ("kernel_change", "‖ΔΘ‖/‖Θ₀‖"),
        ("error", "test error"), ("parameters", "N"),
    ):  # fmt: skip
        assert wrong(flows.regimes, cell, patterns, {name: values[name] * 1.001 + (name == "unsatisfied")}) == {claim}
    moved = wrong(flows.regimes, cell, patterns, arrays={"w": cell.result.arrays["w"] * 0.9})
    assert {"L", "‖Δw‖/‖w₀‖", "‖ΔΘ‖/‖Θ₀‖"} <= moved
    assert wrong(flows.regimes, cell, patterns, arrays={"outputs": -cell.result.arrays["outputs"]}) == {"test error"}
    limit = cells(store, "lazy_limit")[0]
    assert wrong(flows.lazy_limit, limit, patterns, arrays={"pulls": 0.9 * limit.result.arrays["pulls"]}) >= {
        "satisfied"
    }
    other = {**cell.identity, "cell": {**cell.identity["cell"], "system": {"spheres": {}}}}
    assert flows.regimes(other, values, cell.result.arrays, patterns.x, patterns.y, ()) is None


@pytest.mark.parametrize("parametrisation", list(PARAMETRISATIONS))
@pytest.mark.parametrize("activation", ["relu", "tanh", "softplus(5)", "linear"])
def test_its_formulas_are_those_of_the_system(parametrisation, activation):
    """w₀, ⟨σ²⟩ and Θ by routes of its own."""
    system = ParametrisedNetwork(inputs=3, width=5, depth=2, activation=activation, parametrisation=parametrisation)
    x = np.random.default_rng(3).standard_normal((6, 3))
    shape = {
        "inputs": 3, "width": 5, "depth": 2, "activation": system.activation, "normalised": True,
        "parametrisation": parametrisation,
    }  # fmt: skip
    cell = {"system": {"parametrised": shape}, "loss": {"hinge": {"margin": 1.0}}, "coordinates": {"patterns": 6}}
    net = flows._Net({"cell": cell}, x, np.ones(6))
    w = system.initial(4)
    np.testing.assert_array_equal(net.drawn(4), w)
    assert net.gain == pytest.approx(second_moment(system.activation) ** -0.5, rel=1e-12)
    np.testing.assert_allclose(net.kernel(w), tangent_kernel(system, w, x, x), rtol=1e-11, atol=1e-12)
