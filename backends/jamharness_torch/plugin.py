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
                    "hessian_vector",
                    "tangent_kernel",
                    "replicas",
                }
            ),
            distributions=("torch>=2.5",),
            environment={
                "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # cuBLAS is deterministic only with a fixed workspace
                # glibc gives arrays above 128 KiB back to the system and asks for them anew, a page at a time: at
                # P = 20 000 and h = 40 that was half the time of a gradient.
                "MALLOC_MMAP_THRESHOLD_": "33554432",
                "MALLOC_TRIM_THRESHOLD_": "4294967296",
            },
            summary="PyTorch on CPU or CUDA",
        )
    ]
