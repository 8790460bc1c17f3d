"""What ``jamharness conformance NAME`` runs: the suite for the backend that the option names."""

from jamharness.testing.suite import Conformance


class TestBackend(Conformance):
    """The suite, nothing expected to fail."""
