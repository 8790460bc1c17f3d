"""JAX passes the suite, nothing expected to fail."""

from jamharness.testing import Conformance


class TestJax(Conformance):
    backend = "jax"
