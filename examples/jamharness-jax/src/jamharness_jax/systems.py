"""Systems on JAX: the functions of formulas, and their derivatives, compiled once for each formula and shape."""

from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import erf

from jamharness.api import Differentiator


class JaxNamespace:
    exp, log, sqrt, tanh, sin, cos, rint, where, matmul = map(
        staticmethod, (jnp.exp, jnp.log, jnp.sqrt, jnp.tanh, jnp.sin, jnp.cos, jnp.rint, jnp.where, jnp.matmul)
    )
    erf, softplus, sum, reshape, transpose = map(
        staticmethod, (erf, jax.nn.softplus, jnp.sum, jnp.reshape, jnp.transpose)
    )
    concatenate, constant = staticmethod(jnp.concatenate), staticmethod(jax.lax.stop_gradient)

    def __init__(self, array):
        self.asarray = array

    def take(self, a, indices):
        return a[jnp.asarray(indices)]


class JaxDifferentiator(Differentiator):
    def __init__(self, backend):
        self.array, self.namespace = backend.array, JaxNamespace(backend.array)
        self.compiled = lru_cache(maxsize=64)(self._compiled)

    def _compiled(self, formula):
        def values(w, data):
            return formula(self.namespace, w, data)

        def pull(w, data, c):
            return jax.grad(lambda at: jnp.sum(c * values(at, data)))(w)

        def bend(w, data, c, v):
            along = lambda u: jax.jvp(lambda at: pull(at, data, c), (w,), (u,))[1]  # noqa: E731
            return jax.vmap(along, in_axes=1, out_axes=1)(v)

        return {"value": jax.jit(values), "pull": jax.jit(pull), "bend": jax.jit(bend),
                "jacobian": jax.jit(jax.jacrev(values))}  # fmt: skip

    def arrays(self, data):
        return {
            name: jnp.asarray(values) if np.issubdtype(values.dtype, np.integer) else self.array(values)
            for name, values in data.items()
        }

    def _call(self, kind, formula, w, data, *more):
        return np.array(self.compiled(formula)[kind](self.array(w), dict(data), *map(self.array, more)))

    def value(self, formula, w, data):
        return self._call("value", formula, w, data)

    def pull(self, formula, w, data, coefficients):
        return self._call("pull", formula, w, data, coefficients)

    def jacobian(self, formula, w, data):
        return self._call("jacobian", formula, w, data)

    def bend(self, formula, w, data, coefficients, v):
        return self._call("bend", formula, w, data, coefficients, v)
