"""Is the end of a gradient flow at (h, α) what its cell says? From w₀ drawn again and the stored w; NumPy alone."""

import hashlib
import json
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from jamharness_proof.minimisation import UNIT, Network

Checks = list[tuple[str, bool, str]]
_RULES = {"ntk": (0.5, 0.5, 0.0), "mean_field": (0.5, 1.0, 0.0), "standard": (0.0, 0.0, 0.5)}
"""a of hidden layers, a of the last, and s: z = n^−a W σ with W ~ N(0, n^−2s)."""
_NEAR = {"float64": 1e-6, "float32": 1e-2}
"""Relative to a value: what norms of differences of thousands of numbers may be off."""


def regimes(identity: Any, values: Any, arrays: Any, x: Any, y: Any, _needed: Sequence[Any]) -> Checks | None:
    """One flow. Arguments and result as of ``claims.minimisation``."""
    at = identity["cell"]["coordinates"]
    return None if _unknown(identity, x) else _flow(identity, values, arrays, x, y, at["seed"])


def together(identity: Any, values: Any, arrays: Any, x: Any, y: Any, _needed: Sequence[Any]) -> Checks | None:
    """Flows side by side: each as one alone."""
    if _unknown(identity, x):
        return None
    checks: Checks = []
    for lane, seed in enumerate(identity["cell"]["coordinates"]["seeds"]):
        own = {name: each[lane] for name, each in values.items()}
        parts = {name: each if name == "labels" else each[lane] for name, each in arrays.items()}
        checks += [
            (f"{claim} of network {seed}", holds, numbers)
            for claim, holds, numbers in _flow(identity, own, parts, x, y, seed)
        ]
    return checks


def lazy_limit(identity: Any, values: Any, arrays: Any, x: Any, y: Any, _needed: Sequence[Any]) -> Checks | None:
    """The end of the flow of an initial kernel: Δ = κ − y Θ₀ (y q), by q as it was stored."""
    if _unknown(identity, x):
        return None
    cell = identity["cell"]
    at, net = cell["coordinates"], _Net(identity, x, y)
    kernel, signs = net.kernel(net.drawn(at["seed"])), net.y
    size = float(np.linalg.norm(kernel)) / len(signs)
    delta = net.kappa - signs * (kernel @ (signs * np.asarray(arrays["pulls"])))
    near = 1e-9 * (1 + float(abs(delta).max(initial=0)))
    least, most = int((delta > near).sum()), int((delta > -near).sum())
    checks = [
        (
            "kernel",
            abs(size - values["kernel"]) <= _NEAR["float64"] * size,
            f"{size:.9g}, {values['kernel']:.9g} stored",
        ),
        ("N_Δ", least <= values["unsatisfied"] <= most, f"{values['unsatisfied']} stored, {least} to {most} found"),
        _error(values, arrays),
    ]
    if values["outcome"] == "satisfied":
        above = float(delta.max() + at["stop"])
        checks.append(("satisfied", above <= near, f"largest Δ {above:.2g} beyond where it stopped"))
    return checks


def _unknown(identity: Any, x: Any) -> bool:
    """Whether there are no formulas here for its system or loss."""
    shape = (identity["cell"]["system"] or {}).get("parametrised")
    known = shape and shape["activation"].partition("(")[0] in ("relu", "tanh", "linear", "softplus")
    return x is None or not known or next(iter(identity["cell"]["loss"])) not in ("softhinge", "hinge", "cross_entropy")


def _flow(identity: Any, values: Any, arrays: Any, x: Any, y: Any, seed: int) -> Checks:
    cell, near = identity["cell"], _NEAR[identity["dtype"]]
    at, net = cell["coordinates"], _Net(identity, x, y)
    first, last = net.drawn(seed), np.asarray(arrays["w"], float)
    alpha = at["scale"] * net.shape["width"] ** (net.last + net.spread - 1)
    outputs = [net.plain.delta(net.mapped(w)) for w in (first, last)]  # κ − y f
    delta = net.kappa + alpha * (outputs[1] - outputs[0])
    room = 2 * alpha * sum(net.plain.rounding(net.mapped(w), UNIT[identity["dtype"]]) for w in (first, last)) + 1e-14
    least, most = int((delta > room).sum()), int((delta > -room).sum())
    low, high = (float(np.mean(_loss(cell["loss"], delta + sign * room))) for sign in (-1, 1))
    blur = 1e-12 * high
    moved = float(np.linalg.norm(last - first) / np.linalg.norm(first))
    kernels = [net.kernel(w) for w in (first, last)]
    change = float(np.linalg.norm(kernels[1] - kernels[0]) / np.linalg.norm(kernels[0]))
    checks = [
        ("N", len(first) == len(last) == values["parameters"], f"{len(last)}"),
        ("N_Δ", least <= values["unsatisfied"] <= most, f"{values['unsatisfied']} stored, {least} to {most} found"),
        (
            "L",
            low - blur <= values["loss"] <= high + blur,
            f"{values['loss']:.9g} stored, {low:.9g} to {high:.9g} found",
        ),
        ("‖Δw‖/‖w₀‖", abs(moved - values["displacement"]) <= near * moved, f"{moved:.9g} found"),
        ("‖ΔΘ‖/‖Θ₀‖", abs(change - values["kernel_change"]) <= near * change, f"{change:.9g} found"),
        _error(values, arrays),
    ]
    if values["outcome"] == "satisfied":
        above = delta + at["stop"]
        checks.append(("satisfied", not (above > room).any(), f"largest Δ {above.max():.2g} beyond where it stopped"))
    return checks


def _error(values: Any, arrays: Any) -> tuple[str, bool, str]:
    wrong = float(np.mean(~(np.asarray(arrays["outputs"]) * np.asarray(arrays["labels"], float) > 0)))
    return "test error", wrong == values["error"], f"{wrong:.4g} by the stored outputs"


def _loss(loss: Any, delta: Any) -> Any:
    """log(1 + e^βΔ)/β, max(0, Δ)²/2, or log(1 + e^(Δ − κ))."""
    ((name, parameters),) = loss.items()
    if name == "softhinge":
        return np.logaddexp(0, parameters["sharpness"] * delta) / parameters["sharpness"]
    return np.maximum(delta, 0) ** 2 / 2 if name == "hinge" else np.logaddexp(0, delta - parameters["margin"])


class _Net:
    """A network of these parametrisations as one without factors, whose weights are multiplied by them."""

    def __init__(self, identity: Any, x: Any, y: Any) -> None:
        cell = identity["cell"]
        self.shape, self.kappa = cell["system"]["parametrised"], float(next(iter(cell["loss"].values()))["margin"])
        hidden, self.last, self.spread = _RULES[self.shape["parametrisation"]]
        name, _, beta = self.shape["activation"].rstrip(")").partition("(")
        count = cell["coordinates"]["patterns"]
        self.x, self.y = x[:count], y[:count]
        layers = {
            "inputs": self.shape["inputs"],
            "width": self.shape["width"],
            "depth": self.shape["depth"],
            "bias": False,
        }
        self.plain = Network(layers, (name, float(beta or 1)), self.x, self.y, np.array([self.kappa]))
        self.shapes = [(m, n) for n, m in pairwise(self.plain.sizes)]
        self.factors = [n**-hidden for _, n in self.shapes[:-1]] + [float(self.shape["width"]) ** -self.last]
        self.gain = 1 / math.sqrt(self._moment()) if self.shape["normalised"] else 1.0
        if self.gain != 1.0:
            self.factors[1:] = [factor * self.gain for factor in self.factors[1:]]

    def _moment(self) -> float:
        """⟨σ(z)²⟩ for z ~ N(0, 1) by the trapezoidal rule on either side of 0, where relu has its kink."""
        z = np.linspace(0, 40, 80_001)
        both = (
            (self.plain.sigma(z)[0] ** 2 + self.plain.sigma(-z)[0] ** 2) * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
        )
        return float((both.sum() - (both[0] + both[-1]) / 2) * (z[1] - z[0]))

    def drawn(self, seed: int) -> Any:
        """w₀ (N,), by the stream that the name of the draw stands for."""
        text = json.dumps(["parametrised", "normal", seed, self.shapes], separators=(",", ":"))
        draw = np.random.Generator(np.random.Philox(key=int(hashlib.sha256(text.encode()).hexdigest()[:32], 16)))
        return np.concatenate([draw.standard_normal(m * n) * float(n) ** -self.spread for m, n in self.shapes])

    def mapped(self, w: Any) -> Any:
        """The weights without factors that give the same f."""
        ends = np.cumsum([0, *(m * n for m, n in self.shapes)])
        return np.concatenate([c * w[a:b] for c, (a, b) in zip(self.factors, pairwise(ends), strict=True)])

    def kernel(self, w: Any) -> Any:
        """Θ (P, P), layer by layer: c_l² (δ·δ′)(a·a′)."""
        weights, enters, slopes = self.plain._split(self.mapped(w)), [self.x], []
        for W, _ in weights[:-1]:
            value, slope, _ = self.plain.sigma(enters[-1] @ W.T)
            enters.append(value)
            slopes.append(slope)
        delta, kernel = np.ones((len(self.x), 1)), np.zeros((len(self.x), len(self.x)))
        for layer in range(len(weights) - 1, -1, -1):
            kernel += self.factors[layer] ** 2 * (delta @ delta.T) * (enters[layer] @ enters[layer].T)
            if layer:
                delta = (delta @ weights[layer][0]) * slopes[layer - 1]
        return kernel
