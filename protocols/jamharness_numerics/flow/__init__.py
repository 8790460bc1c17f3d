"""Gradient flow: with the papers' adaptive step, with better integrators, and exactly where the kernel stands still."""

from jamharness_numerics.flow.gradient_flow import METHODS, gradient_flow
from jamharness_numerics.flow.kernel import KernelFlowed, kernel_flow
from jamharness_numerics.flow.outcome import Flowed, Place, Until

__all__ = ["METHODS", "Flowed", "KernelFlowed", "Place", "Until", "gradient_flow", "kernel_flow"]
