"""What a worker keeps of a cell before it is finished is held to what a result is."""

import numpy as np
import pytest

from jamharness.api import CellResult
from jamharness.execution.job import _PlainCheckpoints
from jamharness.store import CheckpointFile


def test_states_are_plain_as_results_are(tmp_path):
    """NumPy's numbers become Python's, and what is no value is named."""
    path = tmp_path / "x.checkpoint"
    _PlainCheckpoints(path, None, pause=0.0).keep(
        lambda: CellResult(values={"step": np.int64(3), "done": np.bool_(False)})
    )
    assert CheckpointFile(path, None).last().values == {"step": 3, "done": False}
    with pytest.raises(TypeError, match=r"^measure kept a dict; it must be a CellResult\.$"):
        _PlainCheckpoints(path, None, pause=0.0).keep(dict)
    with pytest.raises(TypeError, match=r"^values\['w'\] is a ndarray; only JSON values are kept"):
        _PlainCheckpoints(path, None, pause=0.0).keep(lambda: CellResult(values={"w": np.zeros(2)}))
