"""Is a stored w what its cell says? For fully connected networks and the quadratic hinge; imports NumPy alone."""

import math
from typing import Any

import numpy as np

UNIT = {"float64": 2.0**-53, "float32": 2.0**-24}  # unit roundoff of the arithmetic that a cell was computed in
ENDS = {"minimum": (1e-8, 1e-6), "arrested": (1e-3, 0.1), "diverging": (1e-3, 1.0)}  # net force, further fall of L
SHARPEST, STEPS, FUNCTIONS = ("softplus", 512.0), 40, 16.0  # where relu rests; of Lanczos; roundings of exp, erf: < 8


def verify(identity: Any, values: Any, arrays: Any, x: Any, y: Any) -> Any:
    """What the end of a minimisation claims: yields the name of each claim, whether it holds, and the numbers."""
    cell, u, end = identity["cell"], UNIT[identity["dtype"]], values["outcome"]
    shape, loss, at = cell["system"]["fully_connected"], cell["loss"]["hinge"], cell["coordinates"]
    some = (x[: at["patterns"]], y[: at["patterns"]], arrays["w"], arrays["margins"])
    x, y, w, stored = (np.asarray(each).astype(identity["dtype"]).astype(float) for each in some)
    name, _, beta = shape["activation"].rstrip(")").partition("(")
    rule, kappa = (name, float(beta or 1)), loss["margin"] + np.array(loss["offsets"] or [0.0])
    smooth, net = name != "relu" or shape["depth"] == 0, Network(shape, rule, x, y, kappa)
    delta, error, room = net.delta(w), net.rounding(w, UNIT["float64"]), 2 * net.rounding(w, u)
    off = float((abs(stored - delta) / room).max()) if stored.shape == delta.shape else math.inf
    yield "margins", off <= 1, f"{off:.2g} of what rounding may do away"
    least, most = int((delta > room).sum()), int((delta > -room).sum())
    yield "N_Δ", least <= values["unsatisfied"] <= most, f"{values['unsatisfied']} stored, {least} to {most} found"
    low, high = (float(np.mean(np.maximum(delta + s * room, 0) ** 2)) / 2 * (1 + s * 1e-12) for s in (-1, 1))
    yield "L", low <= values["loss"] <= high, f"{values['loss']:.9g} stored, {low:.9g} to {high:.9g} found"
    if end == "satisfied":
        yield "satisfied", not (delta > room).any(), f"{sum(delta + error <= 0)} of {len(y)} proved"
    if end not in ENDS:
        return
    (e3, blur), net.rule = net.last_layer(w, room), rule if smooth or at["minimiser"] != "lm" else SHARPEST
    same, (rest, _) = abs(e3 - values["certificate"]) <= 10 * math.sqrt(u) * (1e-3 + e3) + blur, net.last_layer(w, room)
    rests = end != "minimum" or rest < (1e-8 if smooth else 1e-6)
    yield "E3", same and rests, f"{e3:.3g} found, {values['certificate']:.3g} stored; {rest:.2g} where it rests"
    force, size, trace, _ = net.derivatives(w)
    force = force - (end == "diverging") * w * (w @ force) / ((w @ w) or 1)  # that is a minimum on the sphere |w| = R
    balance, (bound, furthest) = float(np.linalg.norm(force)) / math.sqrt(2 * size * trace), ENDS[end]
    yield "balance", balance < bound, f"net force {balance:.2g} of its parts, below {bound:g}"
    if end != "diverging":
        on = net.delta(w) > 0  # nothing else has forces
        *_, product = Network(shape, net.rule, x[on], y[on], (kappa + 0 * y)[on]).derivatives(w)
        lowest, highest, softest = softest_of(lambda v: product(v) * on.mean(), len(w))
        fall = max(_fall(net, w, each) for each in (softest, -softest, -force))
        yield "curvature", fall < furthest, f"lowest found {lowest:.2g} of {highest:.2g}; L falls by {fall:.1g} there"


class Network:
    """f(x; w) with w as layer after layer of (weights row by row, biases), and L = Σ max(0, κ − y f)² / 2P."""

    def __init__(self, shape: Any, rule: tuple[str, float], x: Any, y: Any, kappa: Any) -> None:
        widths = shape["width"] if isinstance(shape["width"], list) else [shape["width"]] * shape["depth"]
        self.sizes = [shape["inputs"], *widths, 1]
        self.bias, self.rule, self.x, self.y, self.kappa = bool(shape["bias"]), rule, x, y, kappa

    def _split(self, w: Any) -> list[tuple[Any, Any]]:
        layers = []
        for n, m in zip(self.sizes, self.sizes[1:], strict=False):
            layers.append((w[: n * m].reshape(m, n), w[n * m :][:m] if self.bias else np.zeros(m)))
            w = w[n * m + m * self.bias :]
        return layers

    def sigma(self, z: Any, bent: bool = True) -> tuple[Any, Any, Any]:
        """σ and, if bent, σ′ and σ″: x Φ(βx), log(1 + exp(βx))/β, tanh, max(0, x), x."""
        (name, beta), t = self.rule, self.rule[1] * z
        if name == "gelu":
            part = 0.5 * (1 + np.vectorize(math.erf, otypes=[float])(t / math.sqrt(2)))
            return z * part, part + t * (bell := np.exp(-t * t / 2) / math.sqrt(math.tau)), beta * bell * (2 - t * t)
        if name == "softplus":
            value = np.maximum(z, 0) + np.log1p(small := np.exp(-abs(t))) / beta
            part = np.where(t > 0, 1, small) / (1 + small) if bent else 0.0
            return value, part, beta * part * (1 - part)
        if name == "tanh":
            return (part := np.tanh(z)), 1 - part * part, -2 * part * (1 - part * part)
        on = (z > 0).astype(float) if name == "relu" else np.ones_like(z)
        return z * on, on, np.zeros_like(z)

    def _forward(self, w: Any, bent: bool = True) -> tuple[list[Any], ...]:  # what leaves a layer before σ; enters it
        leaves, enters = [], [(self.x, 0.0, 0.0)]
        for W, b in self._split(w):
            leaves.append(enters[-1][0] @ W.T + b)
            enters.append(self.sigma(leaves[-1], bent))
        return leaves, enters[:-1]

    def delta(self, w: Any) -> Any:  # noqa: D102  (as everywhere: κ − y f)
        return self.kappa - self.y * self._forward(w, bent=False)[0][-1][:, 0]

    def last_layer(self, w: Any, room: Any) -> tuple[float, float]:
        """Σ Δ(κ − Δ) = 0, with a bias Σ yΔ = 0, over Δ > 0: the larger net value over its sizes, and its rounding."""
        on, least = np.maximum(self.delta(w), 0), (1e-5 * float(np.mean(self.kappa)), 0.0)  # of ΣΔ: all Δ may be κ
        parts = [on * (self.kappa - on)] + [self.y * on] * self.bias
        sizes = [max(float(abs(each).sum()), part * on.sum(), 1e-300) for each, part in zip(parts, least, strict=False)]
        blur = float(np.sum((room * (1 + abs(self.kappa) + 2 * on))[self.delta(w) > -room])) / min(sizes)
        return max(abs(float(part.sum())) / size for part, size in zip(parts, sizes, strict=True)), blur

    def rounding(self, w: Any, u: float) -> Any:
        """How far Δ may be off, whatever the order of the sums: γ_n = nu/(1 − nu) for each (Higham 2002, 3.1)."""
        (leaves, enters), error = self._forward(w), np.zeros_like(self.x)
        for (W, b), z, (a, *_) in zip(self._split(w), leaves, enters, strict=True):
            n = (W.shape[1] + 2) * u
            error = n / (1 - n) * (abs(a) @ abs(W).T + abs(b)) + error @ abs(W).T
            if z is not leaves[-1]:  # |σ′| ≤ 1.13, and softplus(0) = log(2)/β
                error = 1.13 * error + FUNCTIONS * u * (abs(z) + 1 / min(self.rule[1], 1.0))
        return 1.01 * error[:, 0] + 4 * u * (abs(leaves[-1][:, 0]) + abs(self.kappa))  # 1.01: this too is rounded

    def derivatives(self, w: Any) -> tuple[Any, float, float, Any]:
        """∇L; L; tr H0; and v → H v, forward over backward (Pearlmutter 1994)."""
        (leaves, enters), layers, force, trace, back = self._forward(w), self._split(w), [], 0.0, []
        delta = self.kappa - self.y * leaves[-1][:, 0]
        unit, pull = (delta > 0).astype(float)[:, None], -(self.y * np.maximum(delta, 0) / len(delta))[:, None]
        for (W, _), (a, slope, bend) in zip(layers[::-1], enters[::-1], strict=True):
            trace += float((unit**2).sum(axis=1) @ ((a**2).sum(axis=1) + self.bias)) / len(delta)
            force += [pull.sum(axis=0)[: len(W) * self.bias], (pull.T @ a).ravel()]
            back.append((W, a, pull, slope, (pull @ W) * bend))
            pull, unit = (pull @ W) * slope, (unit @ W) * slope

        def product(v: Any) -> Any:
            ways, moves, image, dot = self._split(v), [], [], self.x
            for (W, a, _, slope, _), (V, c) in zip(back[::-1], ways, strict=True):
                moves.append((dot, slope * dot))
                dot = moves[-1][1] @ W.T + a @ V.T + c
            turn = dot * (delta > 0)[:, None] / len(delta)
            for (W, a, pull, slope, bent), (V, _), (dot, moved) in zip(back, ways[::-1], moves[::-1], strict=True):
                image += [turn.sum(axis=0)[: len(W) * self.bias], (turn.T @ a + pull.T @ moved).ravel()]
                turn = (turn @ W + pull @ V) * slope + bent * dot
            return np.concatenate(image[::-1])

        return np.concatenate(force[::-1]), float(np.mean(np.maximum(delta, 0) ** 2)) / 2, trace, product


def softest_of(product: Any, size: int) -> tuple[float, float, Any]:
    """The lowest and highest eigenvalue of H that Lanczos finds, which lie between the true ones, and the direction."""
    basis, images, v = np.zeros((0, size)), np.zeros((0, size)), np.cos(np.arange(size) ** 2.0)
    while len(basis) < min(STEPS, size):
        for _ in range(2):
            v = v - basis.T @ (basis @ v)
        if np.linalg.norm(v) <= 1e-12 * np.linalg.norm(images):  # nothing new: what was found is invariant
            break
        basis = np.vstack([basis, v / np.linalg.norm(v)])
        images = np.vstack([images, v := product(basis[-1])])
    values, vectors = np.linalg.eigh(basis @ images.T)
    return float(values[0]), float(values[-1]), basis.T @ vectors[:, 0]


def _fall(net: Network, w: Any, direction: Any) -> float:
    """The largest part of L that a step along a direction takes away, of (1 + |w|)/2 to 1e-9 (1 + |w|)."""
    steps = direction * ((1 + np.linalg.norm(w)) / max(float(np.linalg.norm(direction)), 1e-300))
    here = float(np.sum(np.maximum(net.delta(w), 0) ** 2))
    return max(1 - float(np.sum(np.maximum(net.delta(w + 2.0**-k * steps), 0) ** 2)) / here for k in range(1, 31, 2))
