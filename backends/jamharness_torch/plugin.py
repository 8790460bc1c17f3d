"""What this distribution offers; importing it does not import PyTorch."""

from collections.abc import Iterable

from jamharness.api import BackendSpec, hookimpl


@hookimpl
def jamharness_backends() -> Iterable[BackendSpec]:
    """The PyTorch backend."""
    return [
        BackendSpec(
            name="torch",
            factory="jamharness_torch.backend:TorchBackend",
            capabilities=frozenset(
                {
                    "descend",
                    "jacobian",
                    "damped_step",
                    "truncated_step",
                    "hessian",
                    "hessian_eigenvalues",
                    "tangent_kernel",
                }
            ),
            distributions=("torch>=2.5",),
            environment={"CUBLAS_WORKSPACE_CONFIG": ":4096:8"},  # cuBLAS is deterministic only with a fixed workspace
            summary="PyTorch on CPU or CUDA",
        )
    ]
