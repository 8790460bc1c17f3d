"""First-order updates as one compiled program, several at a time: no Python between them, no synchronisation within.

Small networks spend an eager update waiting for Python. Here eight updates are one program of fused loops; satisfied
patterns go along with weight zero, so that shapes do not depend on w, and updates after the last one that is wanted,
or after the first w that satisfies every pattern, change nothing.
"""

import logging
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jamharness.api import Adam, Fire, Flow, Network, Optimizer, Sgd, State
from jamharness_torch.gradient import masked_gradient

log = logging.getLogger("jamharness.torch")
UNROLLED = 8
"""Updates in one program. Measured at N = 481, P = 962: 287 µs an eager update, 157 µs with one, 117 µs with eight."""
AFTER = 20_000
"""The number of the update from which on they are compiled: a compilation takes as long as some 50 000 eager updates,
and a run that came so far mostly goes much further. By the number, so that chunks of any length give the same bits."""
LARGEST = 1 << 25
"""P × N above which compiling gains less than a tenth, and eager updates leave satisfied patterns out."""

Memory = tuple[Tensor, ...]
_failed: list[str] = []


def why_not() -> str:
    """Why updates cannot be compiled here; empty as long as nothing went wrong."""
    return _failed[0] if _failed else ""


def wanted(network: Network, patterns: int, step: int) -> bool:
    """Whether the update of this number is to be compiled."""
    return step >= AFTER and patterns * network.size <= LARGEST and not _failed


def descend(
    network: Network, state: State, steps: int, optimizer: Optimizer, x: Tensor, y: Tensor, margin: float
) -> State | None:
    """Up to ``steps`` updates, stopping before one at the first w with N_Δ = 0.

    Arguments:
        network: static, like the kind of optimizer; a program is made for each.
        state: where to continue.
        steps: updates at most.
        optimizer: one of the api's.
        x: (P, d) on the device; programs serve any P.
        y: (P,) likewise.
        margin: κ.

    Returns:
        Where it ended; None if nothing can be compiled here, which is logged once.
    """
    w = torch.tensor(state.w, dtype=x.dtype, device=x.device)
    memory, rule = memory_of(optimizer, state, w), constants(optimizer, w.device)
    step, last = (torch.tensor(count, dtype=torch.int64, device=w.device) for count in (state.step, state.step + steps))
    kappa = torch.tensor(margin, dtype=x.dtype, device=x.device)
    try:
        program = _program(network, type(optimizer))
        torch._dynamo.mark_dynamic(x, 0)
        torch._dynamo.mark_dynamic(y, 0)
        now, before = state.step, -1
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch's compiler warns of its own parts
            while before < now < state.step + steps:
                w, memory, step = program(w, memory, step, last, rule, x, y, kappa)
                before, now = now, int(step)
    except Exception as error:  # noqa: BLE001  (no compiler, or one that fails: there is another way)
        _failed.append(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")
        log.warning("First-order updates cannot be compiled here and stay eager: %s", _failed[0])
        return None
    return state_of(optimizer, w, memory, now)


def state_of(optimizer: Optimizer, w: Tensor, memory: Memory, step: int) -> State:
    """Tensors as a state."""
    named = zip(_NAMES[type(optimizer)], memory, strict=True)
    moments = {name: moment.cpu().numpy().copy() for name, moment in named}
    return State(w=w.cpu().numpy().copy(), step=step, moments=moments)


_NAMES: dict[type, tuple[str, ...]] = {
    Adam: ("first", "second"), Fire: ("velocity", "control"), Sgd: ("velocity",), Flow: ("base", "slope", "control")
}  # fmt: skip


def memory_of(optimizer: Optimizer, state: State, w: Tensor) -> Memory:
    """What a state keeps beside w, as tensors; zeros where it keeps nothing yet."""
    memory = []
    for name in _NAMES[type(optimizer)]:
        control = name == "control"
        start: Any = np.zeros(len(w))
        if control:
            assert isinstance(optimizer, Fire | Flow)
            start = np.array([optimizer.dt, optimizer.alpha_start if isinstance(optimizer, Fire) else 0.0, 0.0])
        dtype = torch.float64 if control else w.dtype
        memory.append(torch.tensor(np.array(state.moments.get(name, start)), dtype=dtype, device=w.device))
    return tuple(memory)


def constants(optimizer: Optimizer, device: torch.device) -> Tensor:
    """The numbers of an optimizer as one vector, so that new ones need no new program."""
    values: tuple[float, ...]
    match optimizer:
        case Adam(learning_rate=rate, decay_every=every, decay_factor=factor, floor=floor):
            values = (rate, every, factor, min(floor, rate), optimizer.beta1, optimizer.beta2, optimizer.epsilon)
        case Fire():
            values = (
                optimizer.dt_max, optimizer.alpha_start, optimizer.n_min, optimizer.f_inc, optimizer.f_dec,
                optimizer.f_alpha,
            )  # fmt: skip
        case Sgd():
            values = (optimizer.learning_rate, optimizer.momentum)
        case Flow():
            values = (optimizer.tolerance, optimizer.grow, optimizer.shrink, optimizer.least)
    return torch.tensor(values, dtype=torch.float64, device=device)


@lru_cache(maxsize=32)
def _program(network: Network, kind: type) -> Callable[..., Any]:
    compiled: Callable[..., Any] = torch.compile(program(network, kind, UNROLLED), fullgraph=True)
    return compiled


def program(network: Network, kind: type, updates: int) -> Callable[..., Any]:
    """So many updates as a function of tensors (w, memory, step, last, rule, x, y, κ) that returns the first three.

    Arguments:
        network: the network.
        kind: of optimizer.
        updates: how many; those from ``last`` on, or after a w with N_Δ = 0, change nothing.
    """
    update = _UPDATES[kind]

    def run(
        w: Tensor, memory: Memory, step: Tensor, last: Tensor, rule: Tensor, x: Tensor, y: Tensor, margin: Tensor
    ) -> tuple[Tensor, Memory, Tensor]:
        for _ in range(updates):
            slope, unsatisfied = masked_gradient(network, w, x, y, margin)
            more = unsatisfied & (step < last)
            new, new_memory = update(rule, step, w, memory, slope)
            w = torch.where(more, new, w)
            memory = tuple(torch.where(more, a, b) for a, b in zip(new_memory, memory, strict=True))
            step = step + more
        return w, memory, step

    return run


def _adam(rule: Tensor, step: Tensor, w: Tensor, memory: Memory, slope: Tensor) -> tuple[Tensor, Memory]:
    initial, every, factor, floor, beta1, beta2, epsilon = rule.unbind()
    count = (step + 1).to(torch.float64)
    rate = torch.maximum(initial / factor ** torch.floor(step.to(torch.float64) / every), floor)
    first = beta1.to(w.dtype) * memory[0] + (1 - beta1).to(w.dtype) * slope
    second = beta2.to(w.dtype) * memory[1] + (1 - beta2).to(w.dtype) * slope * slope
    scale = torch.sqrt(second / (1 - beta2**count).to(w.dtype)) + epsilon.to(w.dtype)
    return w - (rate / (1 - beta1**count)).to(w.dtype) * first / scale, (first, second)


def _fire(rule: Tensor, step: Tensor, w: Tensor, memory: Memory, slope: Tensor) -> tuple[Tensor, Memory]:
    dt_max, alpha_start, n_min, f_inc, f_dec, f_alpha = rule.unbind()
    velocity, (dt, alpha, downhill) = memory[0], memory[1].unbind()
    down, begun = (slope * velocity).sum() < 0, step > 0
    norm = _norm(slope)
    turn = alpha.to(w.dtype) * torch.where(norm > 0, _norm(velocity) / norm, torch.zeros_like(norm))
    turned = (1 - alpha.to(w.dtype)) * velocity - turn * slope
    velocity = torch.where(down, turned, torch.where(begun, torch.zeros_like(velocity), velocity))
    long = downhill + 1 > n_min
    dt_down, alpha_down = (
        torch.where(long, torch.minimum(dt * f_inc, dt_max), dt),
        torch.where(long, alpha * f_alpha, alpha),
    )
    dt = torch.where(down, dt_down, torch.where(begun, dt * f_dec, dt))
    alpha = torch.where(down, alpha_down, torch.where(begun, alpha_start, alpha))
    downhill = torch.where(down, downhill + 1, torch.where(begun, torch.zeros_like(downhill), downhill))
    velocity = velocity - dt.to(w.dtype) * slope
    return w + dt.to(w.dtype) * velocity, (velocity, torch.stack([dt, alpha, downhill]))


def _sgd(rule: Tensor, _step: Tensor, w: Tensor, memory: Memory, slope: Tensor) -> tuple[Tensor, Memory]:
    rate, momentum = rule.to(w.dtype).unbind()
    velocity = momentum * memory[0] + slope
    return w - rate * velocity, (velocity,)


def _flow(rule: Tensor, _step: Tensor, w: Tensor, memory: Memory, slope: Tensor) -> tuple[Tensor, Memory]:
    tolerance, grow, shrink, least = rule.unbind()
    base, last, (dt, time, flag) = memory[0], memory[1], memory[2].unbind()
    begun, size = flag > 0, _norm(slope) * _norm(last)
    bend = torch.where(begun & (size > 0), _norm(slope - last) ** 2 / size, torch.zeros_like(size)).to(torch.float64)
    short = begun & (dt * _norm(last).to(torch.float64) < least * _norm(base).to(torch.float64))
    accepted = (bend < tolerance) | short
    grown = torch.where(begun & (bend < tolerance / 2), dt * grow, dt)
    time = torch.where(accepted & begun, time + dt, time)
    dt = torch.where(accepted, grown, dt * shrink)
    base, last = torch.where(accepted, w, base), torch.where(accepted, slope, last)
    return base - dt.to(w.dtype) * last, (base, last, torch.stack([dt, time, torch.ones_like(flag)]))


def _norm(v: Tensor) -> Tensor:
    return (v * v).sum().sqrt()


_UPDATES = {Adam: _adam, Fire: _fire, Sgd: _sgd, Flow: _flow}
