"""Gradient flow: with the papers' adaptive step, with better integrators, and exactly where the kernel stands still."""

from jamharness_numerics.flow.gradient_flow import METHODS, gradient_flow
from jamharness_numerics.flow.kernel import KernelFlowed, kernel_flow
from jamharness_numerics.flow.outcome import Flowed, Place, Until
from jamharness_numerics.flow.side_by_side import gradient_flows

__all__ = ["METHODS", "Flowed", "KernelFlowed", "Place", "Until", "gradient_flow", "gradient_flows", "kernel_flow"]
