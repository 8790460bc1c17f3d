"""An instrument that was made wrong on purpose is caught in every framework."""

from collections.abc import Sequence

import pytest
from jamharness_protocols.calibration.analysis import FAR
from jamharness_protocols.calibration.registry import CALIBRATIONS
from jamharness_protocols.calibration.rows import Draw, Row

from jamharness.plugins import load_backend

FRAMEWORKS = [
    pytest.param("torch", marks=pytest.mark.torch),
    pytest.param("tensorflow", marks=pytest.mark.tensorflow),
]
DRAWS: dict[str, tuple[str, Sequence[Draw]]] = {
    "margin": (
        "linear",
        [{"seed": seed, "load": load, "size": size} for size in (75, 150) for load in (3, 4) for seed in range(3)],
    ),
    "contact": ("spheres", [{"seed": 1, "dimension": 2, "particles": 20}]),
    "estimator": ("lanczos", [{"seed": seed} for seed in range(12)]),
}


def read(framework: str, name: str, draws: Sequence[Draw], fault: str) -> Sequence[Row]:
    """What a calibration shows in a framework, of a few draws."""
    backend, calibration = load_backend(framework, threads=1), CALIBRATIONS[name]
    faulty_draws = [{**draw, "fault": fault} for draw in draws]
    return calibration.rows([(draw, calibration.measure(backend, draw)) for draw in faulty_draws])


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("fault", DRAWS)
def test_a_fault_is_caught_and_its_absence_passes(framework, fault):
    """κ 2% too large moves Σ Δ²/Σ Δ, a lost contact isostaticity, estimates 2% too large a semicircle's moments."""
    name, draws = DRAWS[fault]
    right, wrong = (read(framework, name, draws, each) for each in ("none", fault))
    assert all(row.covered or (not row.exact and row.p > FAR) for row in right)
    assert any(not row.covered and (row.exact or row.p < 0.01) for row in wrong)
