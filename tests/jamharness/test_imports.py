"""Starting costs little: no framework, and none of the large libraries, before they are needed."""

import json
import os
import subprocess
import sys
import time

import pytest

HEAVY = ("torch", "tensorflow", "pandas", "scipy", "matplotlib", "sklearn", "jax", "distributed", "dask")


@pytest.mark.parametrize(
    ("code", "limit"),
    [
        ("import jamharness", 5.0),
        ("from jamharness.plugins import Plugins; Plugins.load()", 10.0),
        ("from jamharness.cli import main; main(['plugins'])", 10.0),
        ("from jamharness.cli import main; main(['plugins', '--json'])", 10.0),
        ("from jamharness.cli import main; main(['datasets'])", 10.0),
        ("from jamharness.cli import main; main(['protocols'])", 10.0),
        ("from jamharness.cli import main; main(['--help'])", 10.0),
    ],
)
def test_starting_loads_no_large_library(code, limit):
    """A fresh interpreter has none of them afterwards; the limits in seconds are generous, machines being shared."""
    report = f"import json, sys; print('\\n' + json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True, env=os.environ
    )
    assert json.loads(done.stdout.splitlines()[-1]) == []
    assert time.perf_counter() - start < limit
