"""What this distribution offers; importing it does not import TensorFlow."""

from collections.abc import Iterable

from jamharness.api import BackendSpec, hookimpl


@hookimpl
def jamharness_backends() -> Iterable[BackendSpec]:
    """The TensorFlow backend."""
    return [
        BackendSpec(
            name="tensorflow",
            factory="jamharness_tensorflow.backend:TensorFlowBackend",
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
                }
            ),
            distributions=("tensorflow-cpu>=2.18 | tensorflow>=2.18",),
            environment={
                "TF_CPP_MIN_LOG_LEVEL": "2",  # errors only: the rest is about the build
                "TF_FORCE_GPU_ALLOW_GROWTH": "true",  # otherwise it takes all memory of the device at once
            },
            summary="TensorFlow on CPU or CUDA",
        )
    ]
