"""What this distribution offers; importing it costs nothing."""

from collections.abc import Iterable

from jamharness.api import BackendSpec, hookimpl


@hookimpl
def jamharness_backends() -> Iterable[BackendSpec]:
    """The NumPy backend."""
    return [
        BackendSpec(
            name="numpy",
            factory="jamharness_numpy.backend:NumpyBackend",
            capabilities=frozenset({"jacobian", "hessian", "hessian_eigenvalues", "hessian_vector", "tangent_kernel"}),
            distributions=("numpy>=2.0", "scipy>=1.14"),
            summary="explicit formulas on the CPU: the referee",
        )
    ]
