"""One run followed through its waiting times."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from jamharness_systems.p_spin import PSpin
from jamharness_systems.packing import Packing, Unwrapped

from jamharness.api import (
    Backend,
    Cell,
    CellResult,
    Langevin,
    Minibatch,
    Optimizer,
    Progress,
    Sgd,
    System,
)
from jamharness_protocols.ageing.flatness import Counter
from jamharness_protocols.ageing.following import follow
from jamharness_protocols.common.problem import problem_of, system_of


def measure(cell: Cell, _needed: Sequence[CellResult], backend: Backend, progress: Progress) -> CellResult:
    """Follow one run.

    Returns:
        values: N, N_w, P, how many components were kept, and the loss and N_Δ at the end.
        arrays: as ``following.History`` has them.
    """
    cell = replace(cell, system=moving(system_of(cell)))
    system, problem, at = system_of(cell), problem_of(cell, backend), cell.coordinates
    dynamics = at["dynamics"]
    history = follow(
        problem,
        system.initial(seed=at["seed"], scheme=at["initial"]),
        rule_of(dynamics, at["seed"]),
        updates_of(dynamics),
        at["waiting"],
        at["lags"],
        at["energy_steps"],
        at["steps"],
        at["kept"],
        int(dynamics.get("noise_batches", 0)),
        progress,
        counter_of(cell, backend),
    )
    # The energy of a glass is a sum over its spins, and is stated for one of them.
    loss = history.loss / system.size if isinstance(system, PSpin) else history.loss
    return CellResult(
        values={
            "parameters": system.size, "weights": system.weights, "patterns": at["patterns"], "kept": history.kept,
            "loss": float(loss[-1]), "unsatisfied": int(history.unsatisfied[-1]),
        },
        arrays={
            "steps": history.steps, "loss": loss, "unsatisfied": history.unsatisfied, "distance": history.distance,
            "fourth": history.fourth, "overlap": history.overlap, "noise": history.noise,
            "curvatures": history.curvatures,
        },
    )  # fmt: skip


def counter_of(cell: Cell, backend: Backend) -> Counter | None:
    """What counts flat directions, where that is asked for."""
    at = cell.coordinates["flat"]
    if not at["steps"]:
        return None
    part = replace(cell, coordinates={**cell.coordinates, "patterns": at["patterns"]})
    return Counter(problem=problem_of(part, backend), steps=at["steps"], probes=at["probes"])


def moving(system: System) -> System:
    """The system as it is followed: a packing without the walls of its box."""
    return Unwrapped(inside=system) if isinstance(system, Packing) else system


def updates_of(dynamics: Mapping[str, Any]) -> int:
    """Updates of one step."""
    return 2 if dynamics["rule"] == "langevin" else 1


def rule_of(dynamics: Mapping[str, Any], seed: int) -> Optimizer:
    """The rule that a cell's coordinates name."""
    if dynamics["rule"] == "langevin":
        return Langevin(temperature=dynamics["temperature"], dt=dynamics["dt"], seed=seed)
    rule = Sgd(learning_rate=dynamics["learning_rate"], momentum=dynamics["momentum"])
    return Minibatch(rule=rule, batch=dynamics["batch"], seed=seed)
