"""What a backend may provide beyond the three required methods, and what the api derives where it does not.

What can be derived counts as there: whoever wants to know asks ``supports``, or ``Problem.can`` of a problem, and never
looks into a list of what a backend declares.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

CAPABILITIES = frozenset({
    "descend", "jacobian", "damped_step", "truncated_step", "hessian", "hessian_eigenvalues", "hessian_vector",
    "tangent_kernel", "replicas",
})  # fmt: skip
ALWAYS = frozenset({"descend", "jacobian", "damped_step", "truncated_step", "replicas"})
"""Capabilities that the api derives from the three required methods."""
DERIVED: Mapping[str, tuple[str, ...]] = {
    "hessian": ("hessian_vector",),
    "hessian_eigenvalues": ("hessian", "hessian_vector"),
}
"""Capabilities that the api derives for a backend with one of others, and that are NotSupported without."""
WAYS: Mapping[str, str] = {
    "descend": "one gradient per update",
    "jacobian": "slow: one gradient per row",
    "damped_step": "from jacobian",
    "truncated_step": "from damped_step",
    "hessian": "from jacobian and hessian_vector",
    "hessian_eigenvalues": "from hessian",
    "replicas": "one after the other",
}
"""How each is derived, in a few words."""


def supports(capability: str, declared: AbstractSet[str]) -> bool:
    """Whether a backend that declares some capabilities can do something: itself, or because the api derives it.

    Arguments:
        capability: one of ``CAPABILITIES``.
        declared: as its ``BackendSpec`` lists them.
    """
    return capability in declared or capability in ALWAYS or not declared.isdisjoint(DERIVED.get(capability, ()))


def derived(declared: AbstractSet[str]) -> dict[str, str]:
    """What the api derives for a backend: how, by the capability, in alphabetical order."""
    return {
        capability: WAYS[capability]
        for capability in sorted(CAPABILITIES)
        if capability not in declared and supports(capability, declared)
    }


def shortcomings(declared: AbstractSet[str]) -> tuple[str, ...]:
    """What costs a run dearly that a backend does not provide, one predicate each: it ``"has no jacobian: …"``."""
    lacking = []
    if declared.isdisjoint({"jacobian", "damped_step", "truncated_step"}):
        lacking.append(
            "has no jacobian: each second-order step takes one gradient for every unsatisfied pattern, "
            "which can be minutes for one minimisation"
        )
    if not supports("hessian", declared):
        lacking.append(
            "has neither hessian nor hessian_vector: minimiser=lm ends with Levenberg–Marquardt steps "
            "instead of Newton's method, and leaves more minimisations undecided"
        )
    return tuple(lacking)
