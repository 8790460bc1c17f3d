"""The activations on tensors keep all digits, far out too, where a unit is nearly off."""

import numpy as np
import pytest
from scipy.special import erfc, expit

from jamharness.api import Activation

torch = pytest.importorskip("torch")
from jamharness_torch import nonlinear  # noqa: E402  (needs torch)

pytestmark = pytest.mark.torch

Z = np.linspace(-12.0, 12.0, 193)


@pytest.mark.parametrize("beta", [0.5, 1.0, 32.0])
def test_gelu_keeps_its_digits_where_it_is_nearly_zero(beta):
    """z Φ(βz) and its slope are right to 1e-12 of themselves down to βz = −12, where Φ = 2e-33."""
    z = Z / beta
    activation = Activation(name="gelu", beta=beta)
    normal = 0.5 * erfc(-Z / np.sqrt(2))
    slope = normal + Z * np.exp(-0.5 * Z * Z) / np.sqrt(2 * np.pi)
    assert nonlinear.value(activation, torch.tensor(z)).numpy() == pytest.approx(z * normal, rel=1e-12, abs=0)
    assert nonlinear.slope(activation, torch.tensor(z)).numpy() == pytest.approx(slope, rel=1e-11, abs=0)


@pytest.mark.parametrize("beta", [0.5, 1.0, 32.0])
def test_softplus_keeps_its_digits_where_it_is_nearly_zero(beta):
    """log(1 + exp(βz)) / β and its slope are right to 1e-12 of themselves down to βz = −12."""
    z = Z / beta
    activation = Activation(name="softplus", beta=beta)
    assert nonlinear.value(activation, torch.tensor(z)).numpy() == pytest.approx(
        np.logaddexp(0, Z) / beta, rel=1e-12, abs=0
    )
    assert nonlinear.slope(activation, torch.tensor(z)).numpy() == pytest.approx(expit(Z), rel=1e-12, abs=0)
