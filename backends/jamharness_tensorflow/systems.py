"""Systems on TensorFlow: the functions of formulas, and their derivatives by gradient tapes."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from jamharness.api import Array, Data, Differentiator, Formula
from jamharness_tensorflow.autodiff import CHUNK
from jamharness_tensorflow.image_layers import TensorFlowImageLayers

if TYPE_CHECKING:
    from jamharness_tensorflow.backend import TensorFlowBackend

KEPT = 64
"""Formulas whose graphs are kept."""


class TensorFlowNamespace:
    """The functions of formulas, on tensors.

    Arguments:
        backend: says where constants live.
    """

    exp, log, sqrt, tanh = (staticmethod(each) for each in (tf.math.exp, tf.math.log, tf.math.sqrt, tf.math.tanh))
    erf, sin, cos, rint = (staticmethod(each) for each in (tf.math.erf, tf.math.sin, tf.math.cos, tf.math.rint))
    constant = staticmethod(tf.stop_gradient)
    softplus, where = staticmethod(tf.math.softplus), staticmethod(tf.where)
    image_layers = TensorFlowImageLayers()

    def __init__(self, backend: "TensorFlowBackend") -> None:
        self._backend = backend

    def asarray(self, values: Any) -> tf.Tensor:
        """A constant."""
        return self._backend.tensor(values)

    def matmul(self, a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
        """A @ b."""
        return tf.linalg.matvec(a, b) if len(b.shape) == 1 else tf.matmul(a, b)

    def sum(self, a: tf.Tensor, axis: int | None = None) -> tf.Tensor:
        """The sum over one axis, or over all."""
        return tf.reduce_sum(a, axis=axis)

    def reshape(self, a: tf.Tensor, shape: Sequence[int | None]) -> tf.Tensor:
        """Another shape; a number of rows that a trace leaves open is what the others leave over."""
        return tf.reshape(a, tuple(-1 if each is None else each for each in shape))

    def transpose(self, a: tf.Tensor) -> tf.Tensor:
        """A matrix with its axes exchanged."""
        return tf.transpose(a)

    def take(self, a: tf.Tensor, indices: Any) -> tf.Tensor:
        """Rows."""
        return tf.gather(a, indices)

    def concatenate(self, arrays: Sequence[tf.Tensor], axis: int = 0) -> tf.Tensor:
        """Joined along an axis."""
        return tf.concat(list(arrays), axis=axis)


class TensorFlowDifferentiator(Differentiator):
    """Reverse mode, and reverse over reverse for second derivatives; every formula is traced once for each shape.

    Forward over reverse mode would make a function of every operation, and a vectorised one of each of these: for
    ellipses it takes 30 s to trace what is traced in 2.

    Arguments:
        backend: where tensors live.
    """

    def __init__(self, backend: "TensorFlowBackend") -> None:
        self._backend = backend
        self.namespace: Any = TensorFlowNamespace(backend)
        self._graphs = lru_cache(maxsize=KEPT)(partial(_graphs, namespace=self.namespace))

    def arrays(self, data: Mapping[str, NDArray[Any]]) -> Data:
        """Tensors on the device."""
        with self._backend.on_device():
            return {
                name: tf.constant(np.asarray(values, dtype=np.int64))
                if np.issubdtype(values.dtype, np.integer)
                else self._backend.tensor(values)
                for name, values in data.items()
            }

    def _run(self, kind: str, formula: Formula, w: Array, data: Data, *arrays: Array) -> Array:
        with self._backend.on_device():
            tensors = [self._backend.tensor(array) for array in arrays]
            return np.array(self._graphs(formula)[kind](self._backend.tensor(w), dict(data), *tensors))

    def value(self, formula: Formula, w: Array, data: Data) -> Array:
        """The formula as it stands."""
        return self._run("value", formula, w, data)

    def pull(self, formula: Formula, w: Array, data: Data, coefficients: Array) -> Array:
        """One backward pass."""
        return self._run("pull", formula, w, data, coefficients)

    def value_and_pull(
        self, formula: Formula, w: Array, data: Data, coefficients: Callable[[Array], Array]
    ) -> tuple[Array, Array]:
        """One forward pass and one backward pass, each a graph."""
        with self._backend.on_device():
            at = self._backend.tensor(w)
            with tf.GradientTape() as tape:
                tape.watch(at)
                value = self._graphs(formula)["value"](at, dict(data))
            array = np.array(value)
            gradient = tape.gradient(value, at, self._backend.tensor(coefficients(array)), tf.UnconnectedGradients.ZERO)
            return array, np.array(tf.convert_to_tensor(gradient))

    def jacobian(self, formula: Formula, w: Array, data: Data) -> Array:
        """All rows in one vectorised backward pass."""
        return self._run("jacobian", formula, w, data)

    def bend(self, formula: Formula, w: Array, data: Data, coefficients: Array, v: Array) -> Array:
        """Reverse over reverse mode of Σ c formula, ``CHUNK`` vectors at once."""
        columns = np.ascontiguousarray(v.T)
        blocks = [
            self._run("bend", formula, w, data, coefficients, columns[start : start + CHUNK])
            for start in range(0, len(columns), CHUNK)
        ]
        return np.ascontiguousarray(np.concatenate(blocks).T)


def _graphs(formula: Formula, namespace: TensorFlowNamespace) -> dict[str, Any]:
    def value(w: tf.Tensor, data: Data) -> tf.Tensor:
        return formula(namespace, w, data)

    def pull(w: tf.Tensor, data: Data, coefficients: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(w)
            total = tf.reduce_sum(coefficients * formula(namespace, w, data))
        # Through a gather it is a sum of slices.
        return tf.convert_to_tensor(tape.gradient(total, w, unconnected_gradients=tf.UnconnectedGradients.ZERO))

    def jacobian(w: tf.Tensor, data: Data) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(w)
            values = formula(namespace, w, data)
        return tf.convert_to_tensor(tape.jacobian(values, w, unconnected_gradients=tf.UnconnectedGradients.ZERO))

    def bend(w: tf.Tensor, data: Data, coefficients: tf.Tensor, vectors: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(w)
            gradient = pull(w, data, coefficients)

        def derivative(v: tf.Tensor) -> tf.Tensor:
            product = tape.gradient(gradient, w, v, unconnected_gradients=tf.UnconnectedGradients.ZERO)
            return tf.convert_to_tensor(product)

        return tf.vectorized_map(derivative, vectors)

    traced = tf.function(reduce_retracing=True, autograph=False)
    return {name: traced(function) for name, function in {
        "value": value, "pull": pull, "jacobian": jacobian, "bend": bend,
    }.items()}  # fmt: skip
