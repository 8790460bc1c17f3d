"""The slopes of a whole plane in PyTorch and in TensorFlow, shown to be equal."""

import os

import pytest

from jamharness.agreement import agree

SETTINGS = {
    "patterns": 20, "widths": (4, 8, 16), "scales": (0.05, 0.5, 1000.0, 10000.0), "seeds": 3, "resolution": 25.0,
    "method": "chebyshev", "tolerance": 1e-3, "limit_widths": (32, 64),
}  # fmt: skip
SLOPES = (
    "alpha_star_exponent", "kernel_slope_lazy", "kernel_slope_feature", "displacement_slope_lazy",
    "displacement_slope_feature", "variance_slope_lazy", "variance_slope_limit", "variance_slope_feature",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("JAMHARNESS_FULL"), reason="JAMHARNESS_FULL=1 runs it: minutes of TensorFlow")
def test_every_slope_is_the_same_in_both_frameworks(tmp_path):
    """By pairs of networks from the same initial weights, within the margin that the observable states."""
    options = {"kinds": ("distribution",), "settings": SETTINGS, "workers": 1, "store": tmp_path}
    agreement = agree("regimes", backends=("torch", "tensorflow"), **options)
    rows = {row.observable: row for row in agreement.distribution}
    assert {rows[name].verdict for name in SLOPES} == {"agree"}
    assert all(rows[name].paired for name in SLOPES)
    assert agreement.failures == {}
