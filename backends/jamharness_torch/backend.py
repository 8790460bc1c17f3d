"""The backend: which device, which precision."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from jamharness.api import Array, Backend, DerivedProblem, Json, Loss, Network, Problem, QuadraticHinge
from jamharness_torch import compiled
from jamharness_torch.autodiff import outputs_of
from jamharness_torch.problem import TorchProblem
from jamharness_torch.replicas import TorchReplicas
from jamharness_torch.systems import TorchDifferentiator


class TorchBackend(Backend):
    """PyTorch on the CPU or one CUDA device, with full-precision matrix products."""

    name = "torch"
    capabilities = frozenset(
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
    )

    def __init__(self, device: str = "cpu", dtype: str = "float64", threads: int | None = None) -> None:
        super().__init__(device, dtype, threads)
        if threads is not None:
            torch.set_num_threads(threads)
        torch.set_float32_matmul_precision("highest")  # no TF32: float32 means float32
        self.torch_device = torch.device(device)
        self.torch_dtype: torch.dtype = getattr(torch, dtype)

    @classmethod
    def unavailable(cls, device: str) -> str | None:
        """CUDA needs a build of PyTorch with CUDA and a device of that index."""
        if device == "cpu":
            return None
        count = torch.cuda.device_count()
        if torch.device(device).index in (None, *range(count)) and count:
            return None
        return f"Device {device!r}: PyTorch {torch.__version__} sees {count} CUDA devices here; use --device cpu."

    def tensor(self, value: Array) -> Tensor:
        """A copy on the device, in the backend's dtype: never a view of the caller's memory."""
        return torch.tensor(value, dtype=self.torch_dtype, device=self.torch_device)

    def network_problem(self, network: Network, x: Array, y: Array, loss: QuadraticHinge) -> "TorchProblem":
        """A network on patterns x (P, d) with labels y (P,) of ±1, by closed forms."""
        return TorchProblem(self, network, x, y, loss)

    def replicas(self, problems: Sequence[Problem]) -> TorchReplicas:
        """Several of this backend's problems along a leading axis."""
        return TorchReplicas(problems)

    def problem_of(
        self, function: Callable[..., Any], w0: Array | None, x: Array, y: Array, loss: Loss | None = None
    ) -> DerivedProblem:
        """A function f(w, x) of tensors, or a ``torch.nn.Module`` with one output and w0 None: its own parameters."""
        if isinstance(function, torch.nn.Module):
            start, outputs = outputs_of(function)
            return super().problem_of(outputs, start.cpu().numpy() if w0 is None else w0, x, y, loss)
        return super().problem_of(function, w0, x, y, loss)

    def differentiator(self) -> TorchDifferentiator:
        """Automatic differentiation by the framework."""
        return TorchDifferentiator(self)

    def describe(self) -> Mapping[str, Json]:
        """Versions, device, threads and precision flags."""
        cuda = self.torch_device.type == "cuda"
        return {
            "backend": self.name,
            "torch": torch.__version__,
            "device": torch.cuda.get_device_name(self.torch_device) if cuda else "cpu",
            "dtype": self.dtype,
            "threads": torch.get_num_threads(),
            "tf32": torch.get_float32_matmul_precision() != "highest",
            "eager_updates_because": compiled.why_not(),
            "deterministic": torch.are_deterministic_algorithms_enabled(),
        }

    def synchronize(self) -> None:
        """Wait for the CUDA stream."""
        if self.torch_device.type == "cuda":
            torch.cuda.synchronize(self.torch_device)
