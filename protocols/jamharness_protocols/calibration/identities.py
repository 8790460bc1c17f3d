"""What holds to rounding whatever is drawn, and a spectrum that is known."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jamharness_numerics.minimise import minimise
from jamharness_numerics.spectra import quadrature
from jamharness_systems.committee import Committee, capacity

from jamharness.api import Backend, Json, Network, QuadraticHinge, generator
from jamharness_protocols.calibration.perceptrons import gaussian
from jamharness_protocols.calibration.rows import Calibration, Draw, Results, Row, contacts_of, exact_row, fraction_row

_ACTIVATIONS = ("tanh", "relu")


def _identity_draws(full: bool) -> list[Draw]:
    return [{"seed": seed, "activation": name} for name in _ACTIVATIONS for seed in range(20 if full else 4)]


def _identities(backend: Backend, draw: Mapping[str, Any]) -> Mapping[str, Json]:
    network = Network(inputs=4, width=4, depth=2, activation=draw["activation"])
    x, y = gaussian("identities", draw["seed"], 160, 4)
    problem = backend.problem(network, x, y)
    w = minimise(problem, network.initial(draw["seed"]), budget=200).w
    margins = problem.margins(w)
    contacts = contacts_of(draw, margins > 0)
    H0, Hp = problem.hessian(w)
    J = problem.jacobian(w, np.flatnonzero(margins > 0))
    trace = float(np.sum(J**2)) / len(margins)
    product = problem.hessian_vector(w, np.eye(network.size))
    values = np.linalg.eigvalsh(H0)
    return {
        "trace": float(np.trace(H0)) / trace - 1,
        "sum": float(np.abs(product - H0 - Hp).max() / np.abs(H0).max()),
        "rank": int(np.count_nonzero(values > 1e-12 * values[-1])) - int(np.count_nonzero(contacts)),
    }


def _identity_rows(results: Results) -> list[Row]:
    values = [values for _, values in results]
    return [
        exact_row("identities", "tr H0 / (Σ|∇Δ|²/P) − 1", 0.0, [v["trace"] for v in values], "definition", 1e-11),
        exact_row("identities", "H v against H0 + Hp", 0.0, [v["sum"] for v in values], "definition", 1e-11),
        exact_row("identities", "max(0, rank H0 − N_Δ)", 0.0, [max(0, v["rank"]) for v in values], "H0 = JᵀJ/P"),
    ]


IDENTITIES = Calibration(
    name="identities", about="rank and trace of H0, and H from products", draws=_identity_draws, measure=_identities,
    rows=_identity_rows,
)  # fmt: skip


def _spectrum_draws(full: bool) -> list[Draw]:
    return [{"seed": seed} for seed in range(100 if full else 12)]


def _spectrum(_backend: Backend, draw: Mapping[str, Any]) -> Mapping[str, Json]:
    size = 2000
    # Eigenvalues at the quantiles of Wigner's semicircle: their fourth moment is 2 times the square of the second.
    angle = np.pi * (np.arange(size) + 0.5) / size
    values = 2 * np.cos(angle)
    weights = 2 * np.sin(angle) ** 2  # a density beside that of the angles
    chosen = generator("calibration", "spectrum", draw["seed"]).choice(size, size, p=weights / weights.sum())
    diagonal = values[chosen]
    density = quadrature(
        lambda v: diagonal[:, None] * v, size, probes=4, steps=48, seed=int(draw["seed"]), dtype="float64"
    )
    nodes, share = np.asarray(density.nodes), np.asarray(density.weights)
    share = share / share.sum()
    return {"second": float(share @ nodes**2), "negative": float(share[nodes < 0].sum())}


def _spectrum_rows(results: Results) -> list[Row]:
    from jamharness_protocols.calibration.rows import mean_row

    second, negative = ([values[name] for _, values in results] for name in ("second", "negative"))
    return [
        mean_row("lanczos", "second moment of a semicircle", 1.0, second, "Wigner", results),
        mean_row("lanczos", "part below zero of a semicircle", 0.5, negative, "Wigner", results),
    ]


LANCZOS = Calibration(
    name="lanczos", about="a known spectrum from products alone", draws=_spectrum_draws, measure=_spectrum,
    rows=_spectrum_rows,
)  # fmt: skip


def _tree_draws(full: bool) -> list[Draw]:
    return [{"seed": seed, "activation": name} for name in ("relu", "erf") for seed in range(20 if full else 3)]


def _trees(backend: Backend, draw: Mapping[str, Any]) -> Mapping[str, Json]:
    from jamharness_numerics.minimise.rest import satisfied, satisfy

    branches, inputs = 12, 120
    system = Committee(branches=branches, inputs=inputs, activation=draw["activation"])
    patterns = round(1.3 * capacity(draw["activation"]) * inputs)
    x, y = gaussian("trees", draw["seed"], patterns, inputs)
    problem = backend.problem(system, {"x": x, "y": y}, QuadraticHinge(margin=0.0))
    end = satisfy(problem, system.initial(draw["seed"]), 200, lambda _text: None)
    return {"satisfied": satisfied(problem, end.w)}


def _tree_rows(results: Results) -> list[Row]:
    rows = []
    for name in sorted({str(draw["activation"]) for draw, _ in results}):
        hits = [values["satisfied"] for draw, values in results if draw["activation"] == name]
        label = f"satisfied at 1.3 α_c, {name}"
        rows.append(fraction_row("trees", label, 0.0, hits, "replica-symmetric bound, K → ∞"))
    return rows


TREES = Calibration(
    name="trees", about="no committee beats its replica-symmetric capacity", draws=_tree_draws, measure=_trees,
    rows=_tree_rows,
)  # fmt: skip
