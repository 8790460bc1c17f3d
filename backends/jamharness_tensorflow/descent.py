"""First-order updates as one compiled loop: no Python, no transfer and no synchronisation per update."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from jamharness.api import Adam, Array, Fire, Flow, Optimizer, Sgd, State

Memory = tuple[tf.Tensor, ...]
"""What an optimizer keeps: its arrays of shape (N,), and for FIRE the vector (dt, α, updates downhill)."""
Gradient = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]
"""∇L (N,) and N_Δ at w."""

NAMES: dict[type, tuple[str, ...]] = {
    Adam: ("first", "second"), Fire: ("velocity", "control"), Sgd: ("velocity",), Flow: ("base", "slope", "control")
}  # fmt: skip
"""The moments of each optimizer, as its NumPy rule names them."""


def constants(optimizer: Optimizer) -> Array:
    """The numbers of an optimizer as one vector, so that new ones need no new graph.

    Raises:
        TypeError: it is not an optimizer of jamharness.api.
    """
    values: tuple[float, ...]
    match optimizer:
        case Adam():
            values = (
                optimizer.learning_rate, optimizer.decay_every, optimizer.decay_factor, optimizer.floor,
                optimizer.beta1, optimizer.beta2, optimizer.epsilon,
            )  # fmt: skip
        case Fire():
            values = (
                optimizer.dt_max, optimizer.alpha_start, optimizer.n_min, optimizer.f_inc, optimizer.f_dec,
                optimizer.f_alpha,
            )  # fmt: skip
        case Sgd():
            values = (optimizer.learning_rate, optimizer.momentum)
        case Flow():
            values = (optimizer.tolerance, optimizer.grow, optimizer.shrink, optimizer.least)
        case _:
            names = ", ".join(kind.__name__ for kind in NAMES)
            raise TypeError(f"{type(optimizer).__name__} is not an optimizer of jamharness.api; use one of {names}.")
    return np.array(values, dtype=np.float64)


def moments_of(optimizer: Optimizer, state: State, dtype: str) -> list[Array]:
    """The memory of a state as arrays, zeros where it has none yet."""
    moments = []
    for name in NAMES[type(optimizer)]:
        if name in state.moments:
            start = state.moments[name]
        elif name == "control":
            assert isinstance(optimizer, Fire | Flow)
            # Of the flow: dt, time, and whether a proposal was made that the next gradient judges.
            start = np.array([optimizer.dt, optimizer.alpha_start if isinstance(optimizer, Fire) else 0.0, 0.0])
        else:
            start = np.zeros(len(state.w))
        moments.append(np.array(start, dtype=np.float64 if name == "control" else dtype))
    return moments


def loop(
    kind: type, gradient: Gradient, w: tf.Tensor, memory: Memory, step: tf.Tensor, steps: tf.Tensor, rule: tf.Tensor
) -> tuple[tf.Tensor, Memory, tf.Tensor]:
    """Up to ``steps`` updates, stopping before one at the first w with N_Δ = 0.

    Arguments:
        kind: which optimizer.
        gradient: ∇L and N_Δ at w.
        w: (N,) where to start.
        memory: the optimizer's arrays.
        step: int64, updates done so far.
        steps: int64, how many more.
        rule: from ``constants``, float64.

    Returns:
        w, memory and step at the end.
    """
    update = _UPDATES[kind]
    first, unsatisfied = gradient(w)
    end = step + steps

    def more(step: tf.Tensor, _w: Any, _memory: Any, _slope: Any, unsatisfied: tf.Tensor) -> tf.Tensor:
        return tf.logical_and(step < end, unsatisfied > 0)

    def body(step: tf.Tensor, w: tf.Tensor, memory: Memory, slope: tf.Tensor, _n: tf.Tensor) -> tuple[Any, ...]:
        w, memory = update(rule, step, w, memory, slope)
        return step + 1, w, memory, *gradient(w)

    step, w, memory, _, _ = tf.while_loop(more, body, (step, w, memory, first, unsatisfied))
    return w, memory, step


def _adam(rule: tf.Tensor, step: tf.Tensor, w: tf.Tensor, memory: Memory, slope: tf.Tensor) -> tuple[tf.Tensor, Memory]:
    initial, every, factor, floor, beta1, beta2, epsilon = tf.unstack(rule)
    count = tf.cast(step + 1, tf.float64)
    rate = tf.maximum(
        initial / factor ** tf.cast(step // tf.cast(every, tf.int64), tf.float64), tf.minimum(floor, initial)
    )

    def own(value: tf.Tensor) -> tf.Tensor:
        return tf.cast(value, w.dtype)

    first = own(beta1) * memory[0] + own(1 - beta1) * slope
    second = own(beta2) * memory[1] + own(1 - beta2) * tf.square(slope)
    scale = tf.sqrt(second / own(1 - beta2**count)) + own(epsilon)
    return w - own(rate / (1 - beta1**count)) * first / scale, (first, second)


def _fire(rule: tf.Tensor, step: tf.Tensor, w: tf.Tensor, memory: Memory, slope: tf.Tensor) -> tuple[tf.Tensor, Memory]:
    dt_max, alpha_start, n_min, f_inc, f_dec, f_alpha = tf.unstack(rule)
    velocity, (dt, alpha, downhill) = memory[0], tf.unstack(memory[1])
    power = -tf.tensordot(slope, velocity, 1)
    norm = tf.norm(slope)
    # Downhill the velocity turns towards the force; uphill it is dropped, except before the very first update.
    turn = tf.cast(alpha, w.dtype) * tf.math.divide_no_nan(tf.norm(velocity), norm)
    turned = (1 - tf.cast(alpha, w.dtype)) * velocity - turn * slope
    down, begun = power > 0, step > 0
    velocity = tf.where(down, turned, tf.where(begun, tf.zeros_like(velocity), velocity))
    long = downhill + 1 > n_min
    dt_down, alpha_down = tf.where(long, tf.minimum(dt * f_inc, dt_max), dt), tf.where(long, alpha * f_alpha, alpha)
    dt_new = tf.where(down, dt_down, tf.where(begun, dt * f_dec, dt))
    alpha_new = tf.where(down, alpha_down, tf.where(begun, alpha_start, alpha))
    count = tf.where(down, downhill + 1, tf.where(begun, tf.zeros_like(downhill), downhill))
    velocity -= tf.cast(dt_new, w.dtype) * slope
    return w + tf.cast(dt_new, w.dtype) * velocity, (velocity, tf.stack([dt_new, alpha_new, count]))


def _sgd(rule: tf.Tensor, _step: Any, w: tf.Tensor, memory: Memory, slope: tf.Tensor) -> tuple[tf.Tensor, Memory]:
    rate, momentum = tf.unstack(tf.cast(rule, w.dtype))
    velocity = momentum * memory[0] + slope
    return w - rate * velocity, (velocity,)


def _flow(rule: tf.Tensor, _step: Any, w: tf.Tensor, memory: Memory, slope: tf.Tensor) -> tuple[tf.Tensor, Memory]:
    tolerance, grow, shrink, least = tf.unstack(rule)
    base, last, (dt, time, begun) = memory[0], memory[1], tf.unstack(memory[2])
    size = tf.norm(slope) * tf.norm(last)
    bend = tf.cast(tf.math.divide_no_nan(tf.square(tf.norm(slope - last)), size), tf.float64)
    bend = tf.where(begun > 0, bend, tf.zeros_like(bend))
    length, reach = (tf.cast(tf.norm(each), tf.float64) for each in (last, base))
    accepted = tf.logical_or(bend < tolerance, tf.logical_and(begun > 0, dt * length < least * reach))
    grown = tf.where(tf.logical_and(begun > 0, bend < tolerance / 2), dt * grow, dt)
    time = tf.where(tf.logical_and(accepted, begun > 0), time + dt, time)
    dt = tf.where(accepted, grown, dt * shrink)
    base, last = tf.where(accepted, w, base), tf.where(accepted, slope, last)
    return base - tf.cast(dt, w.dtype) * last, (base, last, tf.stack([dt, time, tf.ones_like(begun)]))


_UPDATES = {Adam: _adam, Fire: _fire, Sgd: _sgd, Flow: _flow}
