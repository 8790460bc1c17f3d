"""What a backend returns is looked at before anybody computes with it, and blamed on it by name."""

from dataclasses import replace

import numpy as np
import pytest
from jamharness_numpy.backend import NumpyBackend, NumpyProblem

from jamharness.api import Adam, BackendError, CheckedBackend, Network, QuadraticHinge, Sgd, State
from jamharness.testing import cases

NETWORK = Network(inputs=4, width=(5, 3), depth=2)
P, N = 30, NETWORK.size
W = NETWORK.initial(seed=4, scheme="normal") + 0.1


def checked(dtype="float64", network=NETWORK, w=None, **methods):
    """A checked problem whose class has some methods replaced; each is given the problem, what is right, and the rest.

    With w, a replaced method sees that one in place of the caller's.
    """
    members = {}
    for name, wrong in methods.items():
        right = getattr(NumpyProblem, name)
        members[name] = lambda self, *args, right=right, wrong=wrong: wrong(right(self, *args))
    kind = type("WrongProblem", (NumpyProblem,), members)

    class Wrong(NumpyBackend):
        def problem(self, network, x, y, loss=None):
            return kind(self, network, x, y, loss or QuadraticHinge())

    draw = np.random.default_rng(1)
    x, y = draw.standard_normal((P, network.inputs)), np.where(np.arange(P) % 2, 1.0, -1.0)
    return CheckedBackend(Wrong(dtype=dtype), "mine").problem(network, x, y)


def spoilt(array, value=np.nan):
    """A copy with one value replaced."""
    copy = array.copy()
    copy.flat[1] = value
    return copy


ROWS = np.arange(P)
CALLS = {
    "outputs": lambda problem: problem.outputs(W, problem.x),
    "margins": lambda problem: problem.margins(W),
    "loss_and_gradient": lambda problem: problem.loss_and_gradient(W),
    "jacobian": lambda problem: problem.jacobian(W, ROWS),
    "damped_step": lambda problem: problem.damped_step(W, 1e6),
    "truncated_step": lambda problem: problem.truncated_step(W, 1e6, 0.1),
    "descend": lambda problem: problem.descend(State(w=W), 3, Adam()),
    "hessian": lambda problem: problem.hessian(W),
    "hessian_eigenvalues": lambda problem: problem.hessian_eigenvalues(W),
    "hessian_vector": lambda problem: problem.hessian_vector(W, W[:, None]),
    "tangent_kernel": lambda problem: problem.tangent_kernel(W, problem.x, problem.x[:3]),
}
WRONG = [
    ("outputs", lambda f: f[:, None], "shape (30, 1); shape (30,) was due"),
    ("margins", lambda f: f[: P // 2], "margins returned an array of shape (15,); shape (30,) was due"),
    ("margins", lambda f: f.astype(np.float32), "margins returned float32; float64, the dtype asked for, was due"),
    ("margins", lambda f: f.tolist(), "margins returned a list; a NumPy array was due"),
    ("margins", spoilt, "margins returned 1 NaN or infinite of 30 values; finite values was due"),
    ("loss_and_gradient", lambda f: (f[0], f[1][:-1]), f"shape ({N - 1},); shape ({N},) was due"),
    ("loss_and_gradient", lambda f: (f[0], spoilt(f[1], np.inf)), "1 NaN or infinite"),
    ("loss_and_gradient", lambda f: (float("nan"), f[1]), "returned nan for L; a finite number was due"),
    ("loss_and_gradient", lambda f: (np.array([f[0]]), f[1]), "returned a ndarray for L; a number was due"),
    ("loss_and_gradient", lambda f: f[1], "loss_and_gradient returned a ndarray; a tuple of 2 was due"),
    ("jacobian", lambda J: J[:-2], f"shape (28, {N}); shape (30, {N}) was due"),
    ("jacobian", lambda J: J.T.copy(), f"jacobian returned an array of shape ({N}, 30)"),
    ("damped_step", lambda s: replace(s, w=s.w[1:]), f"damped_step returned an array of shape ({N - 1},)"),
    ("damped_step", lambda s: s.w, "damped_step returned a ndarray; a DampedStep was due"),
    ("damped_step", lambda s: replace(s, w=2 * s.w), "says L = "),
    ("damped_step", lambda s: replace(s, unsatisfied=P), "says N_Δ = 30 at its w"),
    ("damped_step", lambda s: replace(s, unsatisfied=-1), "says N_Δ = -1; a whole number up to 30 was due"),
    ("damped_step", lambda s: replace(s, loss=float("nan")), "NaN or infinite values at λ = 1e+06"),
    ("truncated_step", lambda s: replace(s, predicted_decrease=None), "returned None for the predicted decrease"),
    ("truncated_step", lambda s: replace(s, w=spoilt(s.w)), "truncated_step returned NaN or infinite values"),
    ("descend", lambda s: s.w, "descend returned a ndarray; a State was due"),
    ("descend", lambda s: replace(s, step=7), "descend ends at step 7; at most 3 updates from step 0 was due"),
    ("descend", lambda s: replace(s, w=spoilt(s.w)), "descend made w infinite or NaN"),
    ("descend", lambda s: replace(s, step=2), "descend stopped after 2 of 3 updates with"),
    ("hessian", lambda H: H[0], "hessian returned a ndarray; a tuple of 2 was due"),
    ("hessian", lambda H: (H[0], H[1][:2]), f"shape (2, {N}); shape ({N}, {N}) was due"),
    ("hessian", lambda H: (spoilt(H[0]), H[1]), "hessian returned 1 NaN"),
    ("hessian_eigenvalues", lambda H: (H[0], H[1], H[2][1:]), f"shape ({N - 1},)"),
    ("hessian_vector", lambda H: H[:, 0], f"shape ({N},); shape ({N}, 1) was due"),
    ("tangent_kernel", lambda T: T.T.copy(), "shape (3, 30); shape (30, 3) was due"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "wrong", "words"), WRONG, ids=[f"{one[0]}-{i}" for i, one in enumerate(WRONG)])
def test_what_does_not_fit_is_blamed_by_name(method, wrong, words):
    """One sentence: the backend, the method, what came and what was due."""
    with pytest.raises(BackendError) as caught:
        CALLS[method](checked(**{method: wrong}))
    text = str(caught.value)
    assert text.startswith(f"Backend 'mine' is wrong: {method} ")
    assert words in text
    assert text.endswith("Run: jamharness conformance mine")
    assert "\n" not in text


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", cases.CASES, ids=str)
def test_what_is_right_passes_unchanged(case, dtype):
    """Every method of the referee, on every case of the conformance suite: the same bits, the same capabilities."""
    plain = case.problem(NumpyBackend(dtype=dtype))
    problem = case.problem(CheckedBackend(NumpyBackend(dtype=dtype), "numpy"))
    w = case.w
    assert np.array_equal(problem.margins(w), plain.margins(w))
    assert np.array_equal(problem.loss_and_gradient(w)[1], plain.loss_and_gradient(w)[1])
    assert np.array_equal(
        problem.jacobian(w, np.arange(3) % case.patterns), plain.jacobian(w, np.arange(3) % case.patterns)
    )
    assert np.array_equal(np.stack(problem.hessian(w)), np.stack(plain.hessian(w)))
    assert np.array_equal(problem.hessian_vector(w, w[:, None]), plain.hessian_vector(w, w[:, None]))
    for damping in (1e-6, 1.0, 1e6):
        assert np.array_equal(problem.damped_step(w, damping).w, plain.damped_step(w, damping).w)
    state = problem.descend(State(w=w), 10, Adam())
    assert np.array_equal(state.w, plain.descend(State(w=w), 10, Adam()).w)
    restated = problem.with_margin(2.0).with_activation("tanh").with_dtype("float32")
    assert np.array_equal(
        restated.margins(w), plain.with_margin(2.0).with_activation("tanh").with_dtype("float32").margins(w)
    )
    assert all(
        problem.can(capability) == plain.can(capability) for capability in ("hessian", "tangent_kernel", "descend")
    )


@pytest.mark.parametrize("spread", [1e60, 1e120, float("inf"), float("nan")])
def test_a_w_that_has_diverged_is_nobodys_fault(spread):
    """Where the network's own formula overflows, NaN and infinity pass."""
    problem = checked()
    with np.errstate(all="ignore"):
        w = spread * W
        problem.margins(w)
        problem.loss_and_gradient(w)
        problem.jacobian(w, ROWS)


def test_a_descent_that_diverges_is_nobodys_fault():
    """With a rate that is far too large the api's own updates end in NaN as well."""
    with np.errstate(all="ignore"):
        after = checked().descend(State(w=W), 100, Sgd(learning_rate=1e6, momentum=0.9))
    assert not np.isfinite(after.w).all()


def test_other_problems_than_asked_for_are_blamed():
    """A backend that ignores the margin, drops patterns or returns something else."""

    class UnitMargin(NumpyBackend):
        def problem(self, network, x, y, loss=None):
            return super().problem(network, x, y)

    class Fewer(NumpyBackend):
        def problem(self, network, x, y, loss=None):
            return super().problem(network, x[:-1], y[:-1], loss)

    class Nothing(NumpyBackend):
        def problem(self, network, x, y, loss=None):
            return None

    x, y = np.ones((4, 4)), np.ones(4)
    for kind, words in (
        (UnitMargin, "loss = "),
        (Fewer, "patterns = 3; 4 was due"),
        (Nothing, "problem returned None"),
    ):
        with pytest.raises(BackendError, match=f"'mine'.*{words}"):
            CheckedBackend(kind(), "mine").problem(NETWORK, x, y, QuadraticHinge(margin=2.0))
    with pytest.raises(BackendError, match=r"its factory made a dict; a jamharness\.api\.Backend was due"):
        CheckedBackend({}, "mine")


def test_replicas_are_checked_too():
    """Shapes of all replicas together."""
    backend = CheckedBackend(NumpyBackend(), "mine")
    x, y = np.ones((4, 4)), np.array([1.0, -1.0, 1.0, -1.0])
    together = backend.replicas([backend.problem(NETWORK, x, y) for _ in range(2)])
    assert together.margins(np.stack([W, W])).shape == (2, 4)
    assert together.loss_and_gradient(np.stack([W, W]))[1].shape == (2, N)
    assert [state.step for state in together.descend([State(w=W)] * 2, 3, Adam())] == [3, 3]
