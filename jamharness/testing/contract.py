"""What a backend says of itself, and how it refuses."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from jamharness.api import (
    CAPABILITIES,
    Array,
    Backend,
    BadInput,
    Float64,
    NotSupported,
    Problem,
    canonical_json,
    supports,
)
from jamharness.api.capabilities import ALWAYS
from jamharness.testing.cases import RELU, TANH
from jamharness.testing.core import Suite, concerns

SPOILT: dict[str, Callable[[Float64, Float64], tuple[Array, Array]]] = {
    "x with too many columns": lambda x, y: (np.concatenate([x, x], axis=1), y),
    "x with one axis": lambda x, y: (x[:, 0], y),
    "fewer labels than patterns": lambda x, y: (x, y[:-1]),
    "no pattern": lambda x, y: (x[:0], y[:0]),
    "labels in a column": lambda x, y: (x, y[:, None]),
    "NaN in x": lambda x, y: (np.where(np.arange(x.size).reshape(x.shape) == 4, np.nan, x), y),
    "infinity in x": lambda x, y: (np.where(np.arange(x.size).reshape(x.shape) == 4, np.inf, x), y),
    "labels 0 and 1": lambda x, y: (x, (y + 1) / 2),
    "NaN in y": lambda x, y: (x, np.where(np.arange(len(y)) == 2, np.nan, y)),
}


class Contract(Suite):
    """Declarations and refusals."""

    @concerns("contract")
    def test_capabilities_are_those_declared(self) -> None:
        """The class lists what its BackendSpec declares, under the declared name."""
        backend, spec = self.engine(), self.spec
        assert backend.name == spec.name, f"the class is named {backend.name!r} and its BackendSpec {spec.name!r}"
        listed, declared = backend.capabilities, spec.capabilities
        only = {"the class": listed - declared, "its BackendSpec": declared - listed}
        for where, names in only.items():
            assert not names, f"capabilities that only {where} lists: {', '.join(sorted(names))}"

    @concerns("contract")
    @pytest.mark.parametrize("capability", sorted(CAPABILITIES))
    def test_declared_or_not(self, capability: str) -> None:
        """A declared capability is the backend's own; an undeclared one is the api's default, or NotSupported."""
        problem = self.problem(TANH)
        home, owner = (Backend, problem.backend) if capability == "replicas" else (Problem, problem)
        own = getattr(type(owner), capability) is not getattr(home, capability)
        if capability in self.spec.capabilities:
            assert own, f"{capability} is declared and the api's default is left in place; drop it or implement it"
        elif own and capability not in ALWAYS:
            pytest.fail(f"contract: {capability} is implemented and not declared; declare it", pytrace=False)
        elif not supports(capability, self.spec.capabilities):
            arguments: dict[str, tuple[Any, ...]] = {
                "hessian_vector": (np.ones((TANH.network.size, 1)),), "tangent_kernel": (TANH.x, TANH.probes)
            }  # fmt: skip
            call = partial(getattr(problem, capability), TANH.w, *arguments.get(capability, ()))
            with pytest.raises(NotSupported, match=capability):
                call()

    @concerns("contract")
    @pytest.mark.parametrize("fault", list(SPOILT))
    def test_bad_patterns(self, fault: str) -> None:
        """Patterns that no network can be trained on are refused as BadInput, in sentences."""
        x, y = SPOILT[fault](RELU.x, RELU.y)
        problems = self._refusal(lambda: self.engine().problem(RELU.network, x, y), fault)
        assert problems

    @concerns("contract")
    @pytest.mark.parametrize(
        ("device", "kind", "named"),
        [("cpu", "float16", "float16"), ("tpu", "float64", "tpu"), ("cuda:99", "float64", "cuda:99")],
        ids=["dtype", "device", "device index"],
    )
    def test_bad_device_or_dtype(self, device: str, kind: str, named: str) -> None:
        """A dtype or device that does not exist is refused as BadInput that names it."""
        problems = self._refusal(lambda: self.load(device, kind), f"device {device!r}, dtype {kind!r}")
        assert any(named in sentence for sentence in problems), f"BadInput does not name {named!r}: {problems}"

    @concerns("contract")
    def test_describe(self, dtype: str) -> None:
        """``describe`` gives JSON that names the backend, the device and the dtype, the same each time."""
        backend = self.engine(dtype)
        first = dict(backend.describe())
        assert json.loads(canonical_json(first)) == json.loads(canonical_json(dict(backend.describe())))
        missing = {"backend", "device", "dtype"} - first.keys()
        assert not missing, f"describe lacks {', '.join(sorted(missing))}"
        assert (first["backend"], first["dtype"]) == (backend.name, dtype), f"describe says {first}"

    @concerns("contract")
    def test_synchronize(self) -> None:
        """``synchronize`` can be called at any time."""
        problem = self.problem(TANH)
        problem.margins(TANH.w)
        problem.backend.synchronize()

    def _refusal(self, action: Callable[[], object], description: str) -> tuple[str, ...]:
        try:
            action()
        except BadInput as error:
            return error.problems
        except Exception as error:  # noqa: BLE001  (the point is which error it is)
            pytest.fail(f"contract: {description} raises {type(error).__name__}, not BadInput: {error}", pytrace=False)
        pytest.fail(f"contract: {description} is accepted; it must raise BadInput", pytrace=False)
