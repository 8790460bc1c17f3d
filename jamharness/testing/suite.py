"""All tests of the suite as one class."""

from jamharness.testing.behaviour import Behaviour
from jamharness.testing.closed_forms import ClosedForms
from jamharness.testing.contract import Contract
from jamharness.testing.derivatives import Derivatives
from jamharness.testing.descent import Descent
from jamharness.testing.differentiation import Systems
from jamharness.testing.minimisations import Minimisations
from jamharness.testing.replicas import ReplicaTests
from jamharness.testing.steps import Steps
from jamharness.testing.ties import Ties
from jamharness.testing.values import Values


class Conformance(
    Values, Derivatives, Steps, Ties, Descent, ReplicaTests, Behaviour, Contract, ClosedForms, Systems, Minimisations
):
    """Every statement that a backend must meet; subclass it under a name that begins with ``Test``.

    Class attributes:
        backend: its name, as ``jamharness plugins`` lists it.
        device, dtypes, threads: what to construct it with.
        expected_failures: reasons by the name of a test, or by its name with the beginning of its parameters, such as
            ``"test_hessian[relu"``. Each test named must fail: one that passes again is reported.
    """
