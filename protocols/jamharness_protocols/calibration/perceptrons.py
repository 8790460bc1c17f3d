"""Perceptrons and committees whose capacity is known."""

from collections.abc import Mapping
from math import comb
from typing import Any

import numpy as np
from jamharness_numerics.approach import approach
from jamharness_numerics.minimise import minimise
from jamharness_systems.perceptron import Perceptron, critical_load

from jamharness.api import Backend, Float64, Json, Network, QuadraticHinge, generator
from jamharness_protocols.calibration.rows import (
    Calibration,
    Draw,
    Results,
    Row,
    contacts_of,
    exact_row,
    extrapolated_row,
    fraction_row,
    margin_of,
)

_COVER = 20
"""N of Cover's count."""


def gaussian(name: str, seed: int, patterns: int, inputs: int) -> tuple[Float64, Float64]:
    """Raw Gaussian patterns (P, d) and fair labels (P,)."""
    draw = generator("calibration", name, seed, patterns, inputs)
    return draw.standard_normal((patterns, inputs)), np.where(draw.random(patterns) < 0.5, -1.0, 1.0)


def _cover_draws(full: bool) -> list[Draw]:
    return [{"seed": seed, "patterns": P} for P in (30, 40, 50) for seed in range(400 if full else 60)]


def _cover(backend: Backend, draw: Mapping[str, Any]) -> Mapping[str, Json]:
    network = Network(inputs=_COVER, depth=0, bias=False)
    x, y = gaussian("cover", draw["seed"], draw["patterns"], _COVER)
    end = minimise(backend.problem(network, x, y), network.initial(draw["seed"]))
    satisfied = end.unsatisfied - (draw.get("fault") == "contact") <= 0 and end.outcome != "undecided"
    return {"satisfied": bool(satisfied)}


def _cover_rows(results: Results) -> list[Row]:
    rows = []
    for P in sorted({int(draw["patterns"]) for draw, _ in results}):  # type: ignore[arg-type]
        truth = 2.0 ** (1 - P) * sum(comb(P - 1, k) for k in range(_COVER))
        hits = [values["satisfied"] for draw, values in results if draw["patterns"] == P]
        rows.append(fraction_row("cover", f"P(satisfied), P = {P}, N = {_COVER}", truth, hits, "Cover 1965"))
    return rows


COVER = Calibration(
    name="cover", about="linear separators that satisfy random patterns, counted", draws=_cover_draws, measure=_cover,
    rows=_cover_rows,
)  # fmt: skip


def _gardner_draws(full: bool) -> list[Draw]:
    sizes = {100: 100, 200: 60, 400: 30, 800: 15} if full else {50: 24, 100: 16, 200: 8}
    return [
        {"seed": seed, "margin": kappa, "dimension": N}
        for kappa in (0.0, 0.25, 1.0)
        for N, count in sizes.items()
        for seed in range(count)
    ]


def _gardner(backend: Backend, draw: Mapping[str, Any]) -> Mapping[str, Json]:
    N, kappa = draw["dimension"], draw["margin"]
    system = Perceptron(dimension=N)
    x, y = gaussian("gardner", draw["seed"], round(critical_load(kappa)[0] * N), N)
    problem = backend.problem(system, {"x": x, "y": y}, QuadraticHinge(margin=kappa + 0.5))
    end = approach(problem, system.initial(draw["seed"]))
    contacts = contacts_of(draw, end.contacts)
    return {
        "margin": margin_of(draw, end.critical),
        "contacts": int(np.count_nonzero(contacts)) / N,
        "ending": end.ending,
    }


def _gardner_rows(results: Results) -> list[Row]:
    rows = []
    for kappa in sorted({float(draw["margin"]) for draw, _ in results}):  # type: ignore[arg-type]
        load, contacts = critical_load(kappa)
        mine = [(draw, values) for draw, values in results if draw["margin"] == kappa]
        sizes = [draw["dimension"] for draw, _ in mine]
        for quantity, truth, name in (("κ_J", kappa, "margin"), ("N_Δ/N", contacts, "contacts")):
            label = f"{quantity} at α = {load:.4f}"
            values = [values[name] for _, values in mine]
            rows.append(extrapolated_row("gardner", label, truth, sizes, values, "Gardner 1988", results))
    return rows


GARDNER = Calibration(
    name="gardner", about="the spherical perceptron at its capacity: κ_J and contacts, N → ∞", draws=_gardner_draws,
    measure=_gardner, rows=_gardner_rows,
)  # fmt: skip


def _linear_draws(full: bool) -> list[Draw]:
    sizes = {75: 160, 150: 80, 300: 40} if full else {75: 40, 150: 20, 300: 10}
    return [
        {"seed": seed, "load": load, "size": size}
        for load in (3, 4)
        for size, count in sizes.items()
        for seed in range(count)
    ]


_LINEAR = {3: (2.6371, 0.32621), 4: (3.7865, 0.37309)}
"""N_Δ/N and L of the linear hinge: α = [(1+k²)Φ+kφ]/Φ², N_Δ/N = αΦ, L = (k+φ/Φ)²/2α, by replicas."""


def _linear(backend: Backend, draw: Mapping[str, Any]) -> Mapping[str, Json]:
    size = draw["size"]
    network = Network(inputs=size, depth=0, bias=False)
    x, y = gaussian("linear", draw["seed"], size * draw["load"], size)
    problem = backend.problem(network, x, y, loss=QuadraticHinge(margin=margin_of(draw, 1.0)))
    end = minimise(problem, network.initial(draw["seed"]))
    margins = problem.margins(end.w)
    delta = margins[contacts_of(draw, margins > 0)]
    return {
        "contacts": len(delta) / size,
        "loss": float(delta @ delta) / (2 * len(margins)),
        "virial": float(delta @ delta) / float(delta.sum()),
    }


def _linear_rows(results: Results) -> list[Row]:
    rows = [
        exact_row(
            "linear", "Σ Δ²/Σ Δ at a minimum", 1.0, [values["virial"] for _, values in results],
            "stationarity along w: Σ Δ(κ − Δ) = 0", 1e-8,
        )
    ]  # fmt: skip
    for load, (contacts, loss) in _LINEAR.items():
        mine = [(draw["size"], values) for draw, values in results if draw["load"] == load]
        for quantity, truth, name in (("N_Δ/N", contacts, "contacts"), ("L", loss, "loss")):
            sizes, values = [size for size, _ in mine], [each[name] for _, each in mine]
            label = f"{quantity} at α = {load}"
            rows.append(extrapolated_row("linear", label, truth, sizes, values, "replicas, N → ∞", results))
    return rows


LINEAR = Calibration(
    name="linear", about="the linear hinge beyond its capacity: contacts and loss", draws=_linear_draws,
    measure=_linear, rows=_linear_rows,
)  # fmt: skip
