"""The physics as pure functions of w, compiled once for each network and shape; derivatives are JAX's own."""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.linalg import solve_triangular
from jax.scipy.special import erfc

compiled = partial(jax.jit, static_argnums=0)  # the network is a frozen value: one program for each


def activate(rule, z):
    """σ(z); gelu is z Φ(βz), by erfc, which keeps its digits where Φ is small."""
    forms = {"relu": jax.nn.relu, "tanh": jnp.tanh, "linear": lambda z: z}  # the slope of this relu at 0 is 0
    forms |= {
        "gelu": lambda z: 0.5 * z * erfc(-z * (rule.beta / 2**0.5)),
        "softplus": lambda z: jax.nn.softplus(rule.beta * z) / rule.beta,
    }
    return forms[rule.name](z)


@compiled
def outputs(network, w, x):
    """f(x; w), (M,)."""
    *hidden, (W, b) = network.split(w)
    for V, c in hidden:
        x = activate(network.nonlinearity, x @ V.T + (c if network.bias else 0))
    return x @ W[0] + (b[0] if network.bias else 0)


@compiled
def margins(network, w, x, y, kappa):
    """Δ = κ − y f, (P,)."""
    return kappa - y * outputs(network, w, x)


def loss(network, w, x, y, kappa):
    """L, and whether a pattern is unsatisfied."""
    delta = margins(network, w, x, y, kappa)
    return jnp.sum(jax.nn.relu(delta) ** 2) / (2 * len(y)), jnp.any(delta > 0)


loss_and_gradient = compiled(jax.value_and_grad(loss, argnums=1, has_aux=True))
jacobian = compiled(jax.jacrev(margins, argnums=1))


def unsatisfied(network, w, *data):
    """max(0, Δ) (P,), and J (P, N) with zeros for satisfied patterns: shapes that do not depend on w."""
    delta = margins(network, w, *data)
    return jax.nn.relu(delta), jnp.where(delta[:, None] > 0, jacobian(network, w, *data), 0)


@compiled
def damped_step(network, w, damping, *data):
    """argmin |Δ + J s|² + λ|s|² by the QR factorisation of [J; √λ I], and what the candidate w + s is."""
    delta, J = unsatisfied(network, w, *data)
    q, r = jnp.linalg.qr(jnp.concatenate([J, jnp.sqrt(damping) * jnp.eye(w.size, dtype=w.dtype)]))
    s = solve_triangular(r, q[: len(delta)].T @ -delta)
    after, rest = jax.nn.relu(margins(network, w + s, *data)), delta + J @ s
    L, decrease = (part / (2 * len(delta)) for part in (after @ after, delta @ delta - rest @ rest))
    return w + s, L, jnp.sum(after > 0), decrease


@compiled
def hessian(network, w, *data):
    """H0 = (1/P) Σ ∇Δ∇Δᵀ, and Hp as the Hessian of (1/P) Σ Δ_μ Δ_μ(w) with the first factor held."""
    delta, J = unsatisfied(network, w, *data)
    return J.T @ J / len(delta), jax.hessian(lambda at: delta @ margins(network, at, *data))(w) / len(delta)


@compiled
def hessian_vector(network, w, v, *data):
    """H v: the derivative of ∇L along each column of v."""
    slope = jax.grad(lambda at: loss(network, at, *data)[0])
    return jax.vmap(lambda u: jax.jvp(slope, (w,), (u,))[1], in_axes=1, out_axes=1)(v)


@compiled
def tangent_kernel(network, w, x1, x2):
    """∇f(x1) · ∇f(x2)."""
    J = jax.jacrev(outputs, argnums=1)
    return J(network, w, x1) @ J(network, w, x2).T


@partial(jax.jit, static_argnums=(0, 1))
def adam(network, rule, w, first, second, step, last, *data):
    """Updates in one compiled loop, until step ``last`` or the first w that satisfies every pattern."""

    def carry(w, first, second, step):
        (_, broken), gradient = loss_and_gradient(network, w, *data)
        return w, first, second, step, gradient, broken & (step < last)

    def update(now):  # as jamharness.api.Adam writes it; scalars are float64, so they are cast to the dtype of w
        w, first, second, step, gradient, _ = now
        first = rule.beta1 * first + (1 - rule.beta1) * gradient
        second = rule.beta2 * second + (1 - rule.beta2) * gradient**2
        rate = rule.learning_rate / rule.decay_factor ** (step // rule.decay_every)
        rate = jnp.maximum(rate, min(rule.floor, rule.learning_rate)) / (1 - rule.beta1 ** (step + 1))
        scale = jnp.sqrt(second / (1 - rule.beta2 ** (step + 1)).astype(w.dtype)) + rule.epsilon
        return carry(w - rate.astype(w.dtype) * first / scale, first, second, step + 1)

    return lax.while_loop(lambda now: now[-1], update, carry(w, first, second, step))[:4]
