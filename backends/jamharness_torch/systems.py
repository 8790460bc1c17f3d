"""Systems on PyTorch: the functions of formulas, and their derivatives by ``torch.func``."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import vjp, vmap

from jamharness.api import Array, Data, Differentiator, Formula
from jamharness_torch.autodiff import CHUNK, along
from jamharness_torch.image_layers import TorchImageLayers

if TYPE_CHECKING:
    from jamharness_torch.backend import TorchBackend


class TorchNamespace:
    """The functions of formulas, on tensors.

    Arguments:
        backend: says where constants live.
    """

    exp, log, sqrt, tanh = (staticmethod(each) for each in (torch.exp, torch.log, torch.sqrt, torch.tanh))
    erf, sin, cos, rint = (staticmethod(each) for each in (torch.erf, torch.sin, torch.cos, torch.round))
    constant = staticmethod(torch.Tensor.detach)
    matmul = staticmethod(torch.matmul)
    image_layers = TorchImageLayers()

    def __init__(self, backend: "TorchBackend") -> None:
        self._backend = backend

    def asarray(self, values: Any) -> Tensor:
        """A constant."""
        return self._backend.tensor(values)

    def where(self, condition: Tensor, a: Any, b: Any) -> Tensor:
        """The branch that a condition takes."""
        return torch.where(condition, a, b)

    def softplus(self, a: Tensor) -> Tensor:
        """log(1 + e^a)."""
        return torch.logaddexp(torch.zeros_like(a), a)

    def sum(self, a: Tensor, axis: int | None = None) -> Tensor:
        """The sum over one axis, or over all."""
        return a.sum() if axis is None else a.sum(dim=axis)

    def reshape(self, a: Tensor, shape: Sequence[int]) -> Tensor:
        """Another shape."""
        return a.reshape(tuple(shape))

    def transpose(self, a: Tensor) -> Tensor:
        """A matrix with its axes exchanged."""
        return a.T

    def take(self, a: Tensor, indices: Any) -> Tensor:
        """Rows."""
        return a[torch.as_tensor(indices, device=a.device)]

    def concatenate(self, arrays: Sequence[Tensor], axis: int = 0) -> Tensor:
        """Joined along an axis."""
        return torch.cat(list(arrays), dim=axis)


class TorchDifferentiator(Differentiator):
    """Reverse mode, and forward over reverse for second derivatives.

    Arguments:
        backend: where tensors live.
    """

    def __init__(self, backend: "TorchBackend") -> None:
        self._backend = backend
        self.namespace: Any = TorchNamespace(backend)

    def arrays(self, data: Mapping[str, NDArray[Any]]) -> Data:
        """Tensors on the device."""
        return {
            name: torch.tensor(np.asarray(values, dtype=np.int64), device=self._backend.torch_device)
            if np.issubdtype(values.dtype, np.integer)
            else self._backend.tensor(values)
            for name, values in data.items()
        }

    def value(self, formula: Formula, w: Array, data: Data) -> Array:
        """The formula as it stands."""
        return _numpy(formula(self.namespace, self._backend.tensor(w), data))

    def _pullback(self, formula: Formula, w: Array, data: Data) -> tuple[Tensor, Any]:
        value, pullback = vjp(lambda at: formula(self.namespace, at, data), self._backend.tensor(w))[:2]
        return value, pullback

    def pull(self, formula: Formula, w: Array, data: Data, coefficients: Array) -> Array:
        """One backward pass."""
        (gradient,) = self._pullback(formula, w, data)[1](self._backend.tensor(coefficients))
        return _numpy(gradient)

    def value_and_pull(
        self, formula: Formula, w: Array, data: Data, coefficients: Callable[[Array], Array]
    ) -> tuple[Array, Array]:
        """One forward pass and one backward pass."""
        at = self._backend.tensor(w).requires_grad_()
        value = formula(self.namespace, at, data)
        array = _numpy(value)
        (gradient,) = torch.autograd.grad(value, at, self._backend.tensor(coefficients(array)))
        return array, _numpy(gradient)

    def values_and_pulls(
        self, formula: Formula, w: Array, data: Data, coefficients: Callable[[Array], Array]
    ) -> tuple[Array, Array]:
        """One forward and one backward pass of all rows of w together, along a leading axis."""
        at = self._backend.tensor(w).requires_grad_()
        values = vmap(lambda row: formula(self.namespace, row, data))(at)
        array = _numpy(values)
        (gradients,) = torch.autograd.grad(values, at, self._backend.tensor(coefficients(array)))
        return array, _numpy(gradients)

    def jacobian(self, formula: Formula, w: Array, data: Data) -> Array:
        """One backward pass per row, ``CHUNK`` of them at once."""
        value, pullback = self._pullback(formula, w, data)
        units = torch.eye(len(value), dtype=value.dtype, device=value.device)
        blocks = [vmap(pullback)(part)[0] for part in torch.split(units, CHUNK)]
        return _numpy(torch.cat(blocks)) if blocks else np.zeros((0, len(w)), dtype=self._backend.dtype)

    def bend(self, formula: Formula, w: Array, data: Data, coefficients: Array, v: Array) -> Array:
        """Forward over reverse mode of Σ c formula."""
        fixed = self._backend.tensor(coefficients)
        vectors = self._backend.tensor(np.ascontiguousarray(v.T))
        rows = along(lambda at: fixed @ formula(self.namespace, at, data), self._backend.tensor(w), vectors, CHUNK)
        return np.ascontiguousarray(_numpy(rows).T)


def _numpy(tensor: Tensor) -> Array:
    return np.asarray(tensor.detach().cpu().numpy())
