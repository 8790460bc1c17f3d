"""A whole trajectory of gradient flow in each framework, in processes of their own: the same until the end."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FOLLOW = """
import sys
import numpy as np
from jamharness.api import Output, SoftHinge, generator
from jamharness.plugins import load_object
from jamharness_numerics.flow import Until, gradient_flow
from jamharness_systems.parametrised import ParametrisedNetwork

backend = load_object(sys.argv[1])()
x = generator("tests", "flow agreement").standard_normal((8, 3))
y = np.where(x[:, 0] * x[:, 1] > 0, 1.0, -1.0)
system = ParametrisedNetwork(inputs=3, width=8, depth=1)
w = system.initial(0)
problem = backend.problem(Output(system=system, scale=0.5), {"x": x, "y": y, "origin": w}, SoftHinge())
times = np.geomspace(0.5, 50, 7).tolist()
found = {}
for method, tolerance in (("exponential", 1e-2), ("chebyshev", 1e-2)):
    flow = gradient_flow(problem, w, method, tolerance, Until(gradients=5000), at=times)
    found[method] = np.vstack([flow.kept, flow.end.w])
    found[method + " ending"] = np.array([flow.ending == "satisfied", flow.end.time, flow.steps])
np.savez(sys.argv[2], **found)
"""
FACTORIES = {
    "torch": "jamharness_torch.backend:TorchBackend",
    "tensorflow": "jamharness_tensorflow.backend:TensorFlowBackend",
}


@pytest.fixture(scope="module")
def trajectories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, np.ndarray]]:
    """W at log-spaced times and at N_Δ = 0, by framework."""
    folder: Path = tmp_path_factory.mktemp("flows")
    trajectories = {}
    for name, factory in FACTORIES.items():
        file = folder / f"{name}.npz"
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", FOLLOW, factory, str(file)]
        subprocess.run(command, check=True, env=environment, timeout=300, capture_output=True)
        trajectories[name] = dict(np.load(file))
    return trajectories


@pytest.mark.parametrize("method", ["exponential", "chebyshev"])
def test_frameworks_follow_one_trajectory(trajectories, method):
    """To its end, at which every pattern is satisfied: a flow is not chaotic, as many steps of a fixed rate are."""
    reference, other = trajectories["torch"], trajectories["tensorflow"]
    satisfied, time, steps = reference[f"{method} ending"]
    assert satisfied
    assert steps > 20
    assert other[f"{method} ending"] == pytest.approx([satisfied, time, steps], rel=1e-9)
    assert np.linalg.norm(reference[method][-1] - reference[method][0]) > 1
    assert other[method] == pytest.approx(reference[method], abs=1e-9)
