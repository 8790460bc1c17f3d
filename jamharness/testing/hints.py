"""What a wrong array looks like: a sign, a factor, single precision, some of the layers, some of the patterns."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from jamharness.api import Array, Network, PatternSystem, System

if TYPE_CHECKING:
    from jamharness.testing.compare import Comparison

Mask: TypeAlias = NDArray[np.bool_]


def hints(actual: Array, expected: Array, size: float, allowed: float, at: "Comparison") -> list[str]:
    """Sentences on what may be wrong; empty when the difference looks like nothing in particular.

    Arguments:
        actual: what the backend computed, finite.
        expected: what it should be, of the same shape.
        size: what differences are divided by.
        allowed: the relative difference that is allowed.
        at: knows the system, P and the dtype.
    """
    if not size:
        return ["it must be exactly zero here"]
    if not actual.any():
        return ["all of it is zero"]
    gap = np.abs(actual - expected)
    if at.dtype == "float64" and gap.max() <= 1e-5 * size and allowed < 1e-8:
        return ["the difference is of the size of float32 rounding: something is computed in float32"]
    sentence = _factor(actual, expected, size, max(allowed, 1e-6), at.patterns)
    if sentence:
        return [sentence]
    wrong: Mask = np.asarray(gap > allowed * size)
    return [hint for hint in (_layers(wrong, at), _patterns(wrong, at), _asymmetry(actual, expected, size)) if hint]


def _factor(computed: Array, expected: Array, size: float, tolerance: float, patterns: int) -> str:
    square = float(np.vdot(expected, expected))
    factor = float(np.vdot(expected, computed)) / square if square else 0.0
    if not factor or np.abs(computed - factor * expected).max() > tolerance * size * max(1.0, abs(factor)):
        return ""
    for value, meaning in (
        (-1.0, "the sign is wrong"),
        (2.0, "twice as large"),
        (0.5, "half as large"),
        (float(patterns), "P times as large: a factor 1/P is missing"),
        (1.0 / patterns, "P times too small: divided by P twice"),
    ):
        if patterns > 1 and abs(factor - value) <= 1e-5 * abs(value):
            return f"{meaning} (it is {factor:.6g} times what is expected)"
    return f"it is {factor:.6g} times what is expected" if computed.size > 1 else ""


def _layers(wrong: Mask, at: "Comparison") -> str:
    size = at.system.size
    if not wrong.ndim or wrong.shape[-1] != size or size == at.patterns:
        return ""
    columns: Mask = np.any(wrong.reshape(-1, size), axis=0)
    parts = _parts(at.system)
    touched = [name for name, part in parts.items() if columns[part].any()]
    return f"wrong in {', '.join(touched)}, right elsewhere" if 0 < len(touched) < len(parts) else ""


def _parts(system: System) -> Mapping[str, slice]:
    if not isinstance(system, Network):
        return system.groups
    parts: dict[str, slice] = {}
    for layer, (weight, bias) in enumerate(system.slices, start=1):
        parts |= {f"the weights of layer {layer}": weight, f"the biases of layer {layer}": bias}
    return {name: part for name, part in parts.items() if part.stop > part.start}


def _patterns(wrong: Mask, at: "Comparison") -> str:
    if not wrong.ndim or len(wrong) != at.patterns or at.patterns == 1:
        return ""
    rows = np.flatnonzero(wrong.reshape(at.patterns, -1).any(axis=1))
    if not 0 < len(rows) < at.patterns:
        return ""
    listed = ", ".join(map(str, rows[:8])) + (", …" if len(rows) > 8 else "")
    kind = "patterns" if isinstance(at.system, PatternSystem) else "constraints"
    return f"wrong for {len(rows)} of the {at.patterns} {kind} ({listed}), right for the others"


def _asymmetry(computed: Array, expected: Array, size: float) -> str:
    if (
        computed.ndim != 2
        or computed.shape[0] != computed.shape[1]
        or np.abs(expected - expected.T).max() > 1e-9 * size
    ):
        return ""
    gap = float(np.abs(computed - computed.T).max())
    return f"it is not symmetric: it differs from its transpose by {gap / size:.2g} of its size" if gap else ""
