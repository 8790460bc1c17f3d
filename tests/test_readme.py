"""The README is tried out: its code runs, and its Quick start has the promised shape."""

import re
import shlex
from pathlib import Path

import numpy as np

from jamharness.api import Network, State, fallbacks

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_quick_start_has_exactly_two_one_line_blocks():
    """The section holds two sh blocks of one line, each of which a shell can split."""
    section = README.split("## Quick start", 1)[1].split("\n## ", 1)[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, flags=re.DOTALL)
    assert len(blocks) == 2
    assert all(block.count("\n") == 1 and shlex.split(block) for block in blocks)
    assert "jamharness run --backend torch" in blocks[0]
    assert "pytest" in blocks[1]


def test_the_python_example_runs(tmp_path, monkeypatch):
    """The Python example gives an estimate and a table."""
    monkeypatch.chdir(tmp_path)
    (example,) = re.findall(r"```python\n(import jamharness\n.*?)```", README, flags=re.DOTALL)
    names: dict = {}
    exec(compile(example, "README.md", "exec"), names)
    assert names["run"].estimates["jamming"]["satisfied"].count == len(names["run"].tables["jamming"]["trials"])


def test_the_example_backend_equals_the_referee():
    """The README's backend gets Jacobian, damped step and descent from the defaults, equal to NumPy's formulas."""
    from jamharness_numpy.backend import NumpyBackend

    (example,) = re.findall(r"```python\n(import numpy as np\n.*?)```", README, flags=re.DOTALL)
    names: dict = {}
    exec(compile(example, "README.md", "exec"), names)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((30, 6)), rng.choice([-1.0, 1.0], 30)
    network = Network(inputs=6, depth=0, bias=False)
    mine, referee = (backend.problem(network, x, y) for backend in (names["LinearBackend"](), NumpyBackend()))
    w = rng.standard_normal(6)
    rows = np.array([0, 3, 29])
    np.testing.assert_allclose(mine.jacobian(w, rows), referee.jacobian(w, rows), rtol=1e-13)
    np.testing.assert_allclose(mine.damped_step(w, 0.1).w, referee.damped_step(w, 0.1).w, rtol=1e-12)
    from jamharness.api import Adam

    np.testing.assert_allclose(
        mine.descend(State(w=w), 50, Adam()).w, fallbacks.descend(referee, State(w=w), 50, Adam()).w, rtol=1e-12
    )
