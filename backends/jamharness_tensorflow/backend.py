"""The backend: which device, which precision, how many threads."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import tensorflow as tf

from jamharness.api import Array, Backend, BadInput, DerivedProblem, Json, Loss, Network, QuadraticHinge
from jamharness_tensorflow.problem import TensorFlowProblem
from jamharness_tensorflow.systems import TensorFlowDifferentiator


class TensorFlowBackend(Backend):
    """TensorFlow on the CPU or one CUDA device, with full-precision matrix products."""

    name = "tensorflow"
    capabilities = frozenset({
        "descend", "jacobian", "damped_step", "truncated_step", "hessian", "hessian_eigenvalues", "hessian_vector",
        "tangent_kernel",
    })  # fmt: skip

    def __init__(self, device: str = "cpu", dtype: str = "float64", threads: int | None = None) -> None:
        super().__init__(device, dtype, threads)
        if threads is not None:
            _set_threads(threads)
        tf.config.experimental.enable_tensor_float_32_execution(False)  # float32 means float32
        kind, _, index = device.partition(":")
        self._device = f"/{'GPU' if kind == 'cuda' else 'CPU'}:{index or 0}"
        self._differentiator = TensorFlowDifferentiator(self)

    @classmethod
    def unavailable(cls, device: str) -> str | None:
        """CUDA needs a build of TensorFlow with CUDA and a device of that index."""
        if device == "cpu":
            return None
        devices = tf.config.list_physical_devices("GPU")
        index = int(device.partition(":")[2] or 0)
        if index < len(devices):
            for each in devices:
                _let_memory_grow(each)
            return None
        return (
            f"Device {device!r}: TensorFlow {tf.__version__} sees {len(devices)} CUDA devices here; use --device cpu."
        )

    def on_device(self) -> AbstractContextManager[Any]:
        """Within it, tensors and graphs live on the backend's device."""
        device: AbstractContextManager[Any] = tf.device(self._device)
        return device

    def tensor(self, value: Array | float) -> tf.Tensor:
        """A copy on the device, in the backend's dtype: never a view of the caller's memory."""
        with self.on_device():
            return tf.constant(np.array(value, dtype=self.dtype))

    def network_problem(self, network: Network, x: Array, y: Array, loss: QuadraticHinge) -> "TensorFlowProblem":
        """A network on patterns x (P, d) with labels y (P,) of ±1, by closed forms."""
        return TensorFlowProblem(self, network, x, y, loss)

    def problem_of(
        self, function: Callable[..., Any], w0: Array | None, x: Array, y: Array, loss: Loss | None = None
    ) -> DerivedProblem:
        """A function f(w, x) of tensors, or a Keras model with one output and w0 None: its trainable variables.

        Raises:
            BadInput: a Keras model in another dtype than the backend's.
        """
        if not isinstance(function, tf.keras.Model):
            return super().problem_of(function, w0, x, y, loss)
        model, variables = function, function.trainable_variables
        wrong = {variable.dtype for variable in variables} - {self.dtype}
        if wrong:
            raise BadInput(
                f"The model computes in {', '.join(sorted(wrong))} and the backend in {self.dtype}; "
                f"call keras.backend.set_floatx({self.dtype!r}) before the model is built."
            )
        shapes = [tuple(variable.shape) for variable in variables]
        fixed = [variable.value for variable in model.non_trainable_variables]

        def outputs(w: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
            pieces = tf.split(w, [int(np.prod(shape)) for shape in shapes])
            parts = [tf.reshape(piece, shape) for piece, shape in zip(pieces, shapes, strict=True)]
            return tf.reshape(model.stateless_call(parts, fixed, x)[0], (-1,))

        start = np.concatenate([np.ravel(variable.numpy()) for variable in variables]) if w0 is None else w0
        return super().problem_of(outputs, start, x, y, loss)

    def differentiator(self) -> TensorFlowDifferentiator:
        """Automatic differentiation: one for all problems, so that equal systems share their graphs."""
        return self._differentiator

    def describe(self) -> Mapping[str, Json]:
        """Versions, device, threads and precision flags."""
        return {
            "backend": self.name,
            "tensorflow": tf.__version__,
            "device": self._device_name(),
            "dtype": self.dtype,
            "threads": tf.config.threading.get_intra_op_parallelism_threads(),
            "tf32": tf.config.experimental.tensor_float_32_execution_enabled(),
            "xla": True,
        }

    def _device_name(self) -> str:
        if self.device == "cpu":
            return "cpu"
        index = int(self.device.partition(":")[2] or 0)
        details = tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[index])
        return str(details.get("device_name", self.device))

    def synchronize(self) -> None:
        """Wait for the CUDA stream."""
        if self.device != "cpu":
            tf.test.experimental.sync_devices()


def _set_threads(threads: int) -> None:
    """TensorFlow takes its number of threads before its first computation only."""
    current = tf.config.threading.get_intra_op_parallelism_threads()
    if current == threads:
        return
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError:
        raise BadInput(
            f"threads = {threads}: TensorFlow already computes with {current or 'its default number of'} threads in "
            "this process; construct the first backend with that number, or use a new process."
        ) from None


def _let_memory_grow(device: Any) -> None:
    try:
        tf.config.experimental.set_memory_growth(device, True)
    except RuntimeError:  # it is in use already, and was set then
        return
