"""What can be derived counts as there."""

import numpy as np
import pytest
from jamharness_numpy.backend import NumpyBackend, NumpyProblem

from jamharness.api import CAPABILITIES, Network, NotSupported, Problem, QuadraticHinge, derived, shortcomings, supports
from jamharness.api.capabilities import ALWAYS, DERIVED, WAYS

NETWORK = Network(inputs=2, width=2, depth=1)


@pytest.mark.parametrize("own", [(), ("hessian_vector",), ("hessian",)], ids=["neither", "products", "own"])
def test_a_problem_can_what_it_does(own):
    """``can`` says of each method whether calling it works, and agrees with what is said of the declared ones."""
    missing = {name: getattr(Problem, name) for name in ("hessian", "hessian_eigenvalues", "hessian_vector")}
    kind = type("Part", (NumpyProblem,), {name: method for name, method in missing.items() if name not in own})
    x, y = np.array([[1.0, 2.0], [0.5, 1.0]]), np.array([1.0, -1.0])
    problem = kind(NumpyBackend(), NETWORK, x, y, QuadraticHinge())
    w = NETWORK.initial()
    calls = {
        "hessian": lambda: problem.hessian(w),
        "hessian_eigenvalues": lambda: problem.hessian_eigenvalues(w),
        "hessian_vector": lambda: problem.hessian_vector(w, w[:, None]),
        "jacobian": lambda: problem.jacobian(w, np.array([0])),
        "damped_step": lambda: problem.damped_step(w, 1.0),
    }
    for capability, call in calls.items():
        assert problem.can(capability) == supports(capability, frozenset(own) | {"jacobian"})
        if problem.can(capability):
            call()
        else:
            with pytest.raises(NotSupported, match=capability):
                call()


def test_every_derived_capability_says_how():
    """In a few words, and nothing else is said to be derived."""
    assert set(WAYS) == ALWAYS | set(DERIVED) <= CAPABILITIES
    assert derived(frozenset())["jacobian"] == "slow: one gradient per row"
    assert derived(frozenset({"hessian_vector"}))["hessian"] == "from jacobian and hessian_vector"
    assert derived(CAPABILITIES) == {}
    assert "hessian" not in derived(frozenset({"jacobian"}))


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ((), ["has no jacobian", "neither hessian nor hessian_vector"]),
        (("jacobian",), ["neither hessian nor hessian_vector"]),
        (("damped_step", "truncated_step", "hessian_vector"), []),
        (("jacobian", "hessian"), []),
    ],
)
def test_what_costs_dearly_is_said(declared, words):
    """A Jacobian row by row, and no Newton's method; nothing where both are there."""
    lacking = shortcomings(frozenset(declared))
    assert len(lacking) == len(words)
    for sentence, part in zip(lacking, words, strict=True):
        assert part in sentence
