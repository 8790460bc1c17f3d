"""What all parts of the suite share: which backend, in which dtypes, what it declares, what is expected to fail."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import numpy as np
import pytest

from jamharness.api import (
    CAPABILITIES,
    DTYPES,
    Array,
    Backend,
    BackendSpec,
    BadInput,
    Problem,
    supports,
    unknown_name,
)
from jamharness.testing.cases import Case
from jamharness.testing.compare import Comparison, Record
from jamharness.testing.plugin import PROPERTY

F = TypeVar("F", bound=Callable[..., Any])


def concerns(capability: str) -> Callable[[F], F]:
    """Mark a test with what it is about.

    A test about an optional capability is skipped for backends that neither declare it nor have it by a default.
    """

    def mark(function: F) -> F:
        function.concerns = capability  # type: ignore[attr-defined]
        return function

    return mark


def over(cases: Sequence[Case]) -> pytest.MarkDecorator:
    """Run a test for each case."""
    return pytest.mark.parametrize("case", cases, ids=str)


class Suite:
    """The part that is no test."""

    backend: ClassVar[str] = ""
    device: ClassVar[str] = "cpu"
    dtypes: ClassVar[Sequence[str]] = DTYPES
    threads: ClassVar[int | None] = 1
    expected_failures: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        tests = [name for name in dir(cls) if name.startswith("test_")]
        wrong = [
            unknown_name(f"test in {cls.__name__}.expected_failures", name, tests)
            for name in cls.expected_failures
            if name.partition("[")[0] not in tests
        ]
        if wrong:
            raise BadInput(*wrong)

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _threads(cls) -> Iterator[None]:
        """The linear algebra of NumPy in as many threads as the backend: more cost more than they bring here."""
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        with threadpool_limits(cls.threads):
            yield

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test for each dtype that is asked for."""
        if "dtype" in metafunc.fixturenames:
            metafunc.parametrize("dtype", _chosen_dtypes(metafunc.config, self.dtypes))

    @pytest.fixture(autouse=True)
    def _conformance(self, request: pytest.FixtureRequest) -> None:
        """Note what the test is about, skip what is not declared, and mark what is expected to fail."""
        self.config = request.config
        capability: str = getattr(request.function, "concerns", "behaviour")
        self.record = Record(capability=capability)
        request.node.user_properties.append((PROPERTY, vars(self.record)))
        name = request.node.name
        for key, reason in self.expected_failures.items():
            if name == key or name.partition("[")[0] == key or ("[" in key and name.startswith(key)):
                request.node.add_marker(pytest.mark.xfail(reason=reason, strict=True))
        if capability in CAPABILITIES and not supports(capability, self.spec.capabilities):
            pytest.skip(f"capability {capability} not declared")

    @property
    def name(self) -> str:
        """The backend's name."""
        name = self.backend or str(_option(self.config, "backend") or "")
        if not name:
            pytest.fail(f'{type(self).__name__} names no backend; write: backend = "NAME"', pytrace=False)
        return name

    @property
    def spec(self) -> BackendSpec:
        """What the plugin declares."""
        if self.name not in _SPECS:
            from jamharness.plugins import Plugins

            _SPECS[self.name] = Plugins.load().backend(self.name)
        return _SPECS[self.name]

    def engine(self, dtype: str = "float64") -> Backend:
        """The backend in a dtype, loaded once in a process; skips the test if that dtype was not asked for."""
        if dtype not in _chosen_dtypes(self.config, self.dtypes):
            pytest.skip(f"{dtype} was not asked for")
        return self.load(device=self.place, dtype=dtype)

    @property
    def place(self) -> str:
        """The device."""
        return str(_option(self.config, "device") or self.device)

    def load(self, device: str, dtype: str) -> Backend:
        """The backend on a device in a dtype."""
        key = (self.name, device, dtype)
        if key not in _ENGINES:
            from jamharness.plugins import load_backend

            _ENGINES[key] = load_backend(self.name, device=device, dtype=dtype, threads=self.threads)
        return _ENGINES[key]

    def problem(self, case: Case, dtype: str = "float64") -> Problem:
        """A case under the backend, built anew."""
        return case.problem(self.engine(dtype))

    def at(self, case: Case, dtype: str = "float64") -> Comparison:
        """Where comparisons are made, for their messages."""
        network = case.network
        shape = "-".join(str(out) for out, _ in network.shapes[:-1]) or "no hidden layer"
        bias = "bias" if network.bias else "no bias"
        place = (
            f"{case.name}: {network.activation}, {network.inputs} inputs, {shape}, {bias}, "
            f"P = {case.patterns}, κ = {case.margin:g}, {dtype}"
        )
        return Comparison(record=self.record, place=place, system=network, patterns=case.patterns, dtype=dtype)


def same_bits(record: Record, what: str, actual: Any, expected: Any) -> None:
    """Fail unless two results are equal bit for bit."""
    a, b = np.asarray(actual), np.asarray(expected)
    if a.shape == b.shape and np.array_equal(a, b):
        record.ratio = max(record.ratio or 0.0, 0.0)
        return
    gap = float(np.abs(a - b).max(initial=0.0)) if a.shape == b.shape else np.inf
    record.ratio, record.error, record.quantity = np.inf, gap, what
    pytest.fail(f"{record.capability}: {what}; they differ by {gap:.3g}.", pytrace=False)


def slope(function: Callable[[Array], Any], w: Array, step: float = 1e-5) -> Array:
    """∂ function / ∂w by central differences, with one column per parameter."""
    columns = []
    for i in range(len(w)):
        e = np.zeros_like(w)
        e[i] = step
        columns.append((np.asarray(function(w + e), dtype=np.float64) - function(w - e)) / (2 * step))
    return np.stack(columns, axis=-1)


def _chosen_dtypes(config: pytest.Config, dtypes: Sequence[str]) -> list[str]:
    chosen = _option(config, "dtype")
    return [dtype for dtype in dtypes if not chosen or dtype in chosen]


def _option(config: pytest.Config, name: str) -> Any:
    return config.getoption(f"conformance_{name}", default=None)


_SPECS: dict[str, BackendSpec] = {}
_ENGINES: dict[tuple[str, str, str], Backend] = {}
