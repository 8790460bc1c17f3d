"""Two backends written apart give the same numbers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jamharness_numpy.backend import NumpyBackend

from jamharness.api import Adam, Network, QuadraticHinge, State

torch = pytest.importorskip("torch")
from jamharness_torch.backend import TorchBackend  # noqa: E402  (needs torch)

pytestmark = pytest.mark.torch

NUMPY, TORCH = NumpyBackend(), TorchBackend(threads=1)
BACKENDS = pytest.mark.parametrize("backend", [NUMPY, TORCH], ids=["numpy", "torch"])
FAMILIES = ("relu", "tanh", "gelu", "linear", "softplus")
EXACT = 1e-11


@dataclass(frozen=True, kw_only=True)
class Case:
    """A network on random patterns at a random w."""

    network: Network
    x: np.ndarray
    y: np.ndarray
    w: np.ndarray
    margin: float

    def problem(self, backend: Any) -> Any:
        """The case under one backend."""
        return backend.problem(self.network, self.x, self.y, loss=QuadraticHinge(margin=self.margin))


def case(*, activation="relu", widths=(5, 4), inputs=3, bias=True, patterns=17, margin=1.0, seed=0) -> Case:
    """Weights near gain 1 with biases that are not zero, so that no preactivation is exactly zero."""
    network = Network(inputs=inputs, width=widths, depth=len(widths), activation=activation, bias=bias)
    draw = np.random.default_rng(seed)
    w = network.initial(seed=seed, scheme="normal") + 0.3 * draw.standard_normal(network.size)
    x = draw.standard_normal((patterns, inputs))
    return Case(network=network, x=x, y=np.where(draw.random(patterns) < 0.5, -1.0, 1.0), w=w, margin=margin)


@st.composite
def cases(draw: Any, family: str) -> Case:
    """Every depth from 0 to 5, unequal widths, with and without biases."""
    beta = draw(st.sampled_from(["", "(0.5)", "(4)", "(32)"])) if family in ("gelu", "softplus") else ""
    return case(
        activation=family + beta,
        widths=tuple(draw(st.lists(st.integers(1, 7), max_size=5))),
        inputs=draw(st.integers(1, 7)),
        bias=draw(st.booleans()),
        patterns=draw(st.integers(1, 40)),
        margin=draw(st.sampled_from([0.3, 1.0, 2.5])),
        seed=draw(st.integers(0, 2**32)),
    )


def differ(a: Any, b: Any, least: float = 0.0) -> float:
    """The largest difference over the largest entry (but at least over ``least``); 0 where both are zero."""
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape
    scale = max(np.abs(a).max(initial=0), np.abs(b).max(initial=0), least)
    return float(np.abs(a - b).max() / scale) if scale else 0.0


def well_posed(drawn: Case, nearest: float) -> bool:
    """No margin or preactivation so near zero that rounding decides its sign, and not all units deep in gelu's tail.

    There, without biases, J is next to nothing, and a step on it overflows.
    """
    a, zs = drawn.x, []
    for W, b in drawn.network.split(drawn.w)[:-1]:
        zs.append(a @ W.T + (b if drawn.network.bias else 0))
        a = np.maximum(zs[-1], 0)
    margins = drawn.problem(NUMPY).margins(drawn.w)
    kinks = drawn.network.activation == "relu"
    slopes = drawn.problem(NUMPY).jacobian(drawn.w, np.arange(len(drawn.y)))
    # With L of nearly cancelled margins no relative bound could hold: Δ = κ − y f is a difference.
    enough = np.abs(margins).max() > 1e-3 and not 0 < margins.max() < 1e-3 and np.abs(slopes).max() > 1e-6
    return bool(
        np.abs(margins).min() > nearest and enough and not (kinks and any(np.abs(z).min() < nearest for z in zs))
    )


def mean_diagonal(J: np.ndarray) -> float:
    """The mean diagonal entry of JᵀJ; 1 where it is zero."""
    return float(np.sum(J**2)) / J.shape[1] or 1.0


def errors(drawn: Case) -> dict[str, float]:
    """By which part of its size each quantity differs between the backends."""
    one, two = drawn.problem(NUMPY), drawn.problem(TORCH)
    w, rows = drawn.w, np.arange(len(drawn.y))[::2]
    (loss_one, gradient_one), (loss_two, gradient_two) = one.loss_and_gradient(w), two.loss_and_gradient(w)
    differences = {
        "outputs": differ(one.outputs(w, drawn.x[::3]), two.outputs(w, drawn.x[::3])),
        "margins": differ(one.margins(w), two.margins(w)),
        "loss": differ(loss_one, loss_two),
        "gradient": differ(gradient_one, gradient_two),
        "jacobian": differ(one.jacobian(w, rows), two.jacobian(w, rows)),
    }
    unsatisfied = np.flatnonzero(one.margins(w) > 0)
    J, delta = one.jacobian(w, unsatisfied), one.margins(w)[unsatisfied]
    for factor in (1e-2, 1.0, 1e2):
        # λ ≥ 1e-2 of the mean diagonal keeps cond(JᵀJ + λI) ≤ 1 + 100 N: with a smaller λ the step itself, and not its
        # computation, would be sensitive to rounding.
        damping = factor * mean_diagonal(J)
        a, b = one.damped_step(w, damping), two.damped_step(w, damping)
        # The candidates agree; what each says of its own must hold there, since L may change fast after a long step.
        after = np.maximum(one.margins(b.w), 0)
        size = max(b.loss, loss_one) or 1.0
        # The equations of the step hold in every draw. Where forces all but cancel, rounding of the parts of JᵀΔ over λ
        # is what candidates differ by: of these alone one comparison in a hundred is left out.
        parts = float(np.linalg.norm(J) * np.linalg.norm(delta)) or 1.0
        for name, step in (("one", a), ("two", b)):
            s = step.w - w
            differences[f"forces {factor:g} {name}"] = (
                float(np.linalg.norm(J.T @ (J @ s + delta) + damping * s)) / parts
            )
        if np.finfo(np.float64).eps * parts / damping < 0.1 * EXACT * np.abs(a.w).max():
            differences[f"step {factor:g}"] = differ(a.w, b.w)
        differences[f"step loss {factor:g}"] = abs(b.loss - after @ after / (2 * len(after))) / size
        differences[f"step promise {factor:g}"] = abs(a.predicted_decrease - b.predicted_decrease) / (loss_one or 1.0)
        assert b.unsatisfied == np.count_nonzero(after) or np.abs(one.margins(b.w)).min() < 1e-9
    return differences


@pytest.mark.parametrize("family", FAMILIES)
def test_numpy_and_torch_agree_in_float64(family):
    """Outputs, margins, L, ∇L, J and a damped step's candidate differ by less than 1e-11 of their largest entry."""

    @settings(max_examples=60, deadline=None)
    @given(drawn=cases(family))
    def agree(drawn):
        assume(well_posed(drawn, 1e-9) and drawn.problem(NUMPY).margins(drawn.w).max() > 0)
        differences = errors(drawn)
        assert max(differences.values()) < EXACT, differences

    agree()


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu(2)", "linear", "softplus(8)"])
@pytest.mark.parametrize("patterns", [8, 400], ids=["n below N", "n above N"])
def test_a_damped_step_agrees_by_either_system(activation, patterns):
    """The step is the same from n equations and from N, at λ over four decades."""
    drawn = case(activation=activation, widths=(5, 4), inputs=4, patterns=patterns, seed=3)
    n = int(np.count_nonzero(drawn.problem(NUMPY).margins(drawn.w) > 0))
    assert (n < drawn.network.size) == (patterns == 8)
    assert max(errors(drawn).values()) < EXACT


@pytest.mark.parametrize("family", FAMILIES)
def test_numpy_and_torch_agree_in_float32(family):
    """In float32 outputs, margins, L, ∇L and J of both differ from float64 by less than 1e-4 of the largest entry."""
    exact = NUMPY
    single = (NumpyBackend(dtype="float32"), TorchBackend(dtype="float32", threads=1))

    @settings(max_examples=25, deadline=None)
    @given(drawn=cases(family))
    def agree(drawn):
        assume(well_posed(drawn, 1e-4))
        true = drawn.problem(exact)
        rows = np.arange(len(drawn.y))
        for backend in single:
            problem = drawn.problem(backend)
            loss, gradient = problem.loss_and_gradient(drawn.w)
            true_loss, true_gradient = true.loss_and_gradient(drawn.w)
            # A sum of Δ ∇Δ is as accurate as its parts, of size up to √(2L) max |∇Δ|, however they cancel.
            parts = np.sqrt(2 * true_loss) * np.abs(true.jacobian(drawn.w, rows)).max()
            least = 1e-2  # exp and erfc of a unit that is off have no digits left in float32
            differences = {
                "outputs": differ(problem.outputs(drawn.w, drawn.x), true.outputs(drawn.w, drawn.x), least),
                "margins": differ(problem.margins(drawn.w), true.margins(drawn.w), least),
                "loss": differ(loss, true_loss, least),
                "gradient": np.abs(gradient - true_gradient).max() / max(parts, least),
                "jacobian": differ(problem.jacobian(drawn.w, rows), true.jacobian(drawn.w, rows), least),
            }
            assert max(differences.values()) < 1e-4, (backend.name, differences)

    agree()


def results(drawn: Case, problem: Any) -> dict[str, np.ndarray]:
    """Every array that the contract returns."""
    w, rows = drawn.w, np.arange(len(drawn.y))
    arrays = {
        "outputs": problem.outputs(w, drawn.x),
        "margins": problem.margins(w),
        "gradient": problem.loss_and_gradient(w)[1],
        "jacobian": problem.jacobian(w, rows),
        "damped_step": problem.damped_step(w, 0.5).w,
        "tangent_kernel": problem.tangent_kernel(w, drawn.x, drawn.x[:2]),
        "descend": problem.descend(State(w=w), 3, Adam()).w,
    }
    arrays |= dict(zip(("H0", "Hp"), problem.hessian(w), strict=True))
    return arrays | {f"eigenvalues {i}": e for i, e in enumerate(problem.hessian_eigenvalues(w))}


@BACKENDS
def test_inputs_are_never_modified(backend):
    """After every call w, x and y hold what they held; read-only arrays are accepted."""
    drawn = case()
    before = [drawn.x.copy(), drawn.y.copy(), drawn.w.copy()]
    results(drawn, drawn.problem(backend))
    assert all(np.array_equal(a, b) for a, b in zip(before, (drawn.x, drawn.y, drawn.w), strict=True))
    for array in (drawn.x, drawn.y, drawn.w):
        array.flags.writeable = False
    results(drawn, drawn.problem(backend))


@BACKENDS
def test_results_are_new_arrays(backend):
    """A caller may write into a result: it shares no memory with the inputs or with another call's result."""
    drawn = case(widths=(), activation="linear")
    problem = drawn.problem(backend)
    first, second = results(drawn, problem), results(drawn, problem)
    for name, array in first.items():
        for other in (drawn.w, drawn.x, drawn.y, problem.x, problem.y, second[name]):
            assert not np.shares_memory(array, other), name
        array[...] = np.nan
    third = results(drawn, problem)
    assert all(np.array_equal(second[name], third[name]) for name in second)


@BACKENDS
def test_without_unsatisfied_patterns_a_step_stays_and_there_are_no_rows(backend):
    """At N_Δ = 0 the loss is exactly 0, J has no rows, and a damped step does not move."""
    drawn = case(margin=1e-3, patterns=2, seed=1)
    y = np.sign(NUMPY.problem(drawn.network, drawn.x, drawn.y).outputs(drawn.w, drawn.x))
    problem = backend.problem(drawn.network, drawn.x, y, loss=QuadraticHinge(margin=1e-3))
    loss, gradient = problem.loss_and_gradient(drawn.w)
    assert (loss, float(np.abs(gradient).max())) == (0.0, 0.0)
    assert all(not H.any() for H in problem.hessian(drawn.w))
    assert problem.jacobian(drawn.w, np.empty(0, dtype=np.int64)).shape == (0, drawn.network.size)
    step = problem.damped_step(drawn.w, 1.0)
    assert np.array_equal(step.w, drawn.w)
    assert (step.loss, step.unsatisfied, step.predicted_decrease) == (0.0, 0, 0.0)


@BACKENDS
def test_descend_without_an_update_returns_a_new_array(backend):
    """Also the state of no update at all is the caller's to write into."""
    drawn = case()
    w = drawn.w.copy()
    state = drawn.problem(backend).descend(State(w=w), 0, Adam())
    assert np.array_equal(state.w, w)
    assert not np.shares_memory(state.w, w)


@pytest.mark.parametrize("kind", [NumpyBackend, TorchBackend])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_results_have_the_backends_dtype(kind, dtype):
    """Whatever the dtype of w, results come in the backend's."""
    drawn = case()
    arrays = results(drawn, drawn.problem(kind(dtype=dtype)))
    assert {name: str(array.dtype) for name, array in arrays.items()} == dict.fromkeys(arrays, dtype)


@BACKENDS
@pytest.mark.parametrize("patterns", [8, 400], ids=["n below N", "n above N"])
def test_a_second_damping_at_the_same_w_equals_a_fresh_problem(backend, patterns):
    """Whatever a problem keeps between candidates changes no bit of the next one, in any order of λ and w."""
    drawn = case(patterns=patterns)
    problem = drawn.problem(backend)
    w = drawn.w.copy()
    for shift, damping in ((0, 1.0), (0, 1e-2), (0, 1e3), (0.1, 1.0), (0, 1e-2)):
        w[:] = drawn.w + shift  # the caller reuses one array
        step, fresh = problem.damped_step(w, damping), drawn.problem(backend).damped_step(w, damping)
        assert np.array_equal(step.w, fresh.w)
        assert (step.loss, step.unsatisfied, step.predicted_decrease) == (
            fresh.loss,
            fresh.unsatisfied,
            fresh.predicted_decrease,
        )


@BACKENDS
def test_another_activation_or_margin_is_the_same_problem_otherwise(backend):
    """with_activation and with_margin equal problems built anew, and leave the first as it was."""
    drawn = case()
    problem = drawn.problem(backend)
    before = problem.margins(drawn.w)
    tanh = case(activation="tanh").problem(backend)
    wide = case(margin=1.5).problem(backend)
    assert np.array_equal(problem.with_activation("tanh").margins(drawn.w), tanh.margins(drawn.w))
    assert np.array_equal(problem.with_margin(1.5).margins(drawn.w), wide.margins(drawn.w))
    assert np.array_equal(problem.margins(drawn.w), before)
