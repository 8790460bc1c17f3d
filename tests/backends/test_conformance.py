"""The backends of this project pass the suite that third parties run; nothing is expected to fail."""

import pytest

from jamharness.testing import Conformance


class TestNumpy(Conformance):
    backend = "numpy"


@pytest.mark.torch
class TestTorch(Conformance):
    backend = "torch"


@pytest.mark.tensorflow
class TestTensorflow(Conformance):
    backend = "tensorflow"
