"""NumPy's arrays as they cross the walls."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating]
Float64: TypeAlias = NDArray[np.float64]


def as_array(value: Any, dtype: str) -> Array:
    """A contiguous array of a dtype; the same object when it already is one."""
    return np.ascontiguousarray(value, dtype=dtype)
