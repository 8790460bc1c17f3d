"""Layers on images by ``torch.nn.functional``; a signal is (M, C, side, side)."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from jamharness.api import EPSILON


class TorchImageLayers:
    """PyTorch's own layers."""

    def split(self, w: Tensor, sizes: Sequence[int]) -> Sequence[Tensor]:
        """Views, whose gradients are joined once."""
        parts: Sequence[Tensor] = torch.split(w, list(sizes))
        return parts

    def images(self, x: Tensor, channels: int, side: int) -> Tensor:
        """(M, C, side, side)."""
        return x.reshape(-1, channels, side, side)

    def rows(self, signal: Tensor) -> Tensor:
        """(M, C side side)."""
        return signal.flatten(1)

    def convolution(self, signal: Tensor, kernel: Tensor, side: int, stride: int, padding: int) -> Tensor:  # noqa: ARG002
        """``conv2d``."""
        return functional.conv2d(signal, kernel, stride=stride, padding=padding)

    def shifted(self, signal: Tensor, bias: Tensor) -> Tensor:
        """A bias."""
        return signal + bias[:, None, None]

    def max_pool(self, signal: Tensor, channels: int, side: int, size: int) -> Tensor:  # noqa: ARG002
        """``max_pool2d``."""
        return functional.max_pool2d(signal, size)

    def mean_pool(self, signal: Tensor, channels: int) -> Tensor:  # noqa: ARG002
        """Over positions."""
        return signal.mean(dim=(2, 3))

    def batch_norm(self, signal: Tensor, gain: Tensor, shift: Tensor) -> Tensor:
        """``batch_norm`` by the statistics of these images; none are remembered."""
        return functional.batch_norm(signal, None, None, gain, shift, training=True, eps=EPSILON)

    def relu(self, signal: Tensor) -> Tensor:
        """``relu``."""
        return torch.relu(signal)

    def log_sum(self, scores: Tensor, kept: Tensor) -> Tensor:
        """``logsumexp``."""
        return torch.logsumexp(torch.where(kept, scores, torch.full_like(scores, -torch.inf)), dim=1)
