"""First-order updates on one flat tensor, without Python objects per parameter."""

from math import sqrt

import numpy as np
import torch
from torch import Tensor

from jamharness.api import Adam, Fire, Flow, Optimizer, Sgd, State

NAMES: dict[type, tuple[str, ...]] = {
    Adam: ("first", "second"), Fire: ("velocity",), Sgd: ("velocity",), Flow: ("base", "slope")
}  # fmt: skip
"""The moments of each optimizer that has an update here."""


class Stepper:
    """An optimizer's memory on the device.

    Arguments:
        optimizer: one of ``NAMES``.
        state: where to continue.
        w: (N,) the parameters, updated in place.
    """

    def __init__(self, optimizer: Optimizer, state: State, w: Tensor) -> None:
        self.optimizer, self.step, self.w = optimizer, state.step, w
        self.moments: dict[str, Tensor] = {
            name: torch.as_tensor(np.array(state.moments[name]), dtype=w.dtype, device=w.device)
            if name in state.moments
            else torch.zeros_like(w)
            for name in NAMES[type(optimizer)]
        }
        if isinstance(optimizer, Fire):
            start = np.array([optimizer.dt, optimizer.alpha_start, 0.0])
            self.control = [float(c) for c in state.moments.get("control", start)]
        if isinstance(optimizer, Flow):
            self.control = [float(c) for c in state.moments.get("control", np.array([optimizer.dt, 0.0, 0.0]))]

    def update(self, gradient: Tensor) -> None:
        """One update from ∇L (N,)."""
        optimizer = self.optimizer
        if isinstance(optimizer, Adam):
            self._adam(optimizer, gradient)
        elif isinstance(optimizer, Fire):
            self._fire(optimizer, gradient)
        elif isinstance(optimizer, Flow):
            self._flow(optimizer, gradient)
        elif isinstance(optimizer, Sgd):
            velocity = self.moments["velocity"].mul_(optimizer.momentum).add_(gradient)
            self.w.add_(velocity, alpha=-optimizer.learning_rate)
        self.step += 1

    def _adam(self, rule: Adam, gradient: Tensor) -> None:
        count = self.step + 1
        first, second = self.moments["first"], self.moments["second"]
        first.lerp_(gradient, 1 - rule.beta1)
        second.mul_(rule.beta2).addcmul_(gradient, gradient, value=1 - rule.beta2)
        scale = (second.sqrt() / sqrt(1 - rule.beta2**count)).add_(rule.epsilon)
        self.w.addcdiv_(first, scale, value=-rule.rate(self.step) / (1 - rule.beta1**count))

    def _fire(self, rule: Fire, gradient: Tensor) -> None:
        velocity, (dt, alpha, downhill) = self.moments["velocity"], self.control
        power = -float(gradient @ velocity)
        if power > 0:
            norm = float(gradient.norm())
            turn = alpha * float(velocity.norm()) / norm if norm else 0.0
            velocity.mul_(1 - alpha).add_(gradient, alpha=-turn)
            downhill += 1
            if downhill > rule.n_min:
                dt, alpha = min(dt * rule.f_inc, rule.dt_max), alpha * rule.f_alpha
        elif self.step:
            velocity.zero_()
            dt, alpha, downhill = dt * rule.f_dec, rule.alpha_start, 0.0
        velocity.add_(gradient, alpha=-dt)
        self.w.add_(velocity, alpha=dt)
        self.control = [dt, alpha, downhill]

    def _flow(self, rule: Flow, gradient: Tensor) -> None:
        base, slope, (dt, time, begun) = self.moments["base"], self.moments["slope"], self.control
        bend, short = 0.0, False
        if begun:
            length = float(slope.norm())
            size = float(gradient.norm()) * length
            bend = float((gradient - slope).norm()) ** 2 / size if size else 0.0
            short = dt * length < rule.least * float(base.norm())
        if bend < rule.tolerance or short:
            if begun:
                time += dt
                dt = dt * rule.grow if bend < rule.tolerance / 2 else dt
            base.copy_(self.w)
            slope.copy_(gradient)
        else:
            dt *= rule.shrink
        torch.add(base, slope, alpha=-dt, out=self.w)
        self.control = [dt, time, 1.0]

    def state(self) -> State:
        """The memory as NumPy arrays."""
        moments = {name: moment.cpu().numpy().copy() for name, moment in self.moments.items()}
        if isinstance(self.optimizer, Fire | Flow):
            moments["control"] = np.array(self.control)
        return State(w=self.w.cpu().numpy().copy(), step=self.step, moments=moments)
