"""The backend and its problem: NumPy at the edges, arrays on the device inside."""

from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np

from jamharness.api import Adam, Backend, DampedStep, Problem, State
from jamharness_jax import PROVIDED, functions
from jamharness_jax.systems import JaxDifferentiator

jax.config.update("jax_enable_x64", True)  # without it float64 is silently float32
jax.config.update("jax_default_matmul_precision", "highest")  # no TF32: float32 means float32


def place(device):
    kind, _, index = device.partition(":")
    return jax.devices(kind)[int(index or 0)]


class JaxBackend(Backend):
    name, capabilities = "jax", PROVIDED

    @classmethod
    def unavailable(cls, device):
        try:
            place(device)
        except (RuntimeError, IndexError):  # a build without such devices, or fewer of them
            return f"Device {device!r}: JAX {jax.__version__} has no such device here; use --device cpu."

    def array(self, value):
        return jax.device_put(np.array(value, dtype=self.dtype), place(self.device))  # a copy: JAX may keep its memory

    def network_problem(self, network, x, y, loss):
        return JaxProblem(self, network, x, y, loss)

    @cached_property
    def _differentiator(self):
        return JaxDifferentiator(self)

    def differentiator(self):
        return self._differentiator  # one for all problems: equal systems share their compiled functions

    def describe(self):
        return {"backend": "jax", "jax": jax.__version__, "device": str(place(self.device)), "dtype": self.dtype}


class JaxProblem(Problem):
    def __init__(self, backend, network, x, y, loss):
        super().__init__(backend, network, x, y, loss)
        self.data = tuple(map(backend.array, (self.x, self.y, loss.margin)))

    def _call(self, function, *arguments, data=True):
        return function(self.network, *map(self.backend.array, arguments), *(self.data if data else ()))

    def outputs(self, w, x):
        return np.array(self._call(functions.outputs, w, x, data=False))

    def margins(self, w):
        return np.array(self._call(functions.margins, w))

    def loss_and_gradient(self, w):
        (loss, _), gradient = self._call(functions.loss_and_gradient, w)
        return float(loss), np.array(gradient)

    def jacobian(self, w, rows):
        return np.asarray(self._call(functions.jacobian, w))[rows]  # all rows: one program for any number of them

    def damped_step(self, w, damping):
        at, loss, broken, decrease = self._call(functions.damped_step, w, damping)
        return DampedStep(w=np.array(at), loss=float(loss), unsatisfied=int(broken), predicted_decrease=float(decrease))

    def descend(self, state, steps, optimizer):
        if not isinstance(optimizer, Adam):
            return super().descend(state, steps, optimizer)  # the default: one gradient per update
        zero, ends = np.zeros(self.network.size), (np.int64(state.step), np.int64(state.step + steps))
        start = (state.w, state.moments.get("first", zero), state.moments.get("second", zero))
        after = functions.adam(self.network, optimizer, *map(self.backend.array, start), *ends, *self.data)
        w, first, second, step = map(np.array, after)
        return State(w=w, step=int(step), moments={"first": first, "second": second})

    def hessian(self, w):
        return tuple(map(np.array, self._call(functions.hessian, w)))

    def hessian_eigenvalues(self, w):
        H0, Hp = self._call(functions.hessian, w)
        return tuple(np.array(jnp.linalg.eigvalsh(H)) for H in (H0 + Hp, H0, Hp))

    def hessian_vector(self, w, v):
        return np.array(self._call(functions.hessian_vector, w, v))

    def tangent_kernel(self, w, x1, x2):
        return np.array(self._call(functions.tangent_kernel, w, x1, x2, data=False))
