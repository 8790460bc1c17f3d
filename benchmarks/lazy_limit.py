"""How the output of the lazy limit fluctuates over initial weights, against the width: no training.

Usage: python benchmarks/lazy_limit.py [--data NAME] [--patterns P] [--seeds S] [--widths H…]

Two layers of softplus(5) units, the softened hinge, parity of ten principal components: the flow of each initial kernel
to N_Δ = 0, and Var F over seeds, mean over 1000 test patterns.
"""

import argparse
from dataclasses import replace
from time import process_time

import numpy as np
from jamharness_protocols.regimes.lazy_limit import log_variance
from jamharness_protocols.regimes.settings import RegimesSettings
from jamharness_protocols.regimes.task import measure_limit
from jamharness_torch.backend import TorchBackend

from jamharness.execution.data import load
from jamharness.plugins import Plugins


def main() -> None:
    """Print one line for each width."""
    options = argparse.ArgumentParser()
    options.add_argument("--data", default="digits")
    options.add_argument("--patterns", type=int, default=200)
    options.add_argument("--seeds", type=int, default=10)
    options.add_argument("--widths", type=int, nargs="+", default=[16, 32, 64, 128, 256, 512, 1024])
    arguments = options.parse_args()
    settings = RegimesSettings(dataset=arguments.data, patterns=arguments.patterns, seeds=arguments.seeds)
    request, plugins = settings.cell_limit(1, 0).dataset, Plugins.load()
    assert request is not None
    data = load(plugins.dataset(request.dataset).factory, request)
    print(f"{'h':>5}{'N/P':>9}{'satisfied':>11}{'Var F':>9}{'h Var F':>9}{'seconds':>9}")
    for width in arguments.widths:
        start = process_time()
        cells = [replace(settings.cell_limit(width, seed), data=data) for seed in range(arguments.seeds)]
        limits = [measure_limit(cell, (), TorchBackend(threads=1), lambda _text: None) for cell in cells]
        outputs = np.array([each.arrays["outputs"] for each in limits])
        variance = np.exp(log_variance(outputs, np.full(arguments.seeds, 1 / arguments.seeds)))
        satisfied = sum(each.values["outcome"] == "satisfied" for each in limits)
        print(
            f"{width:>5}{settings.network_of(width).size / arguments.patterns:>9.1f}{satisfied:>11}{variance:>9.4f}"
            f"{width * variance:>9.2f}{process_time() - start:>9.1f}", flush=True,
        )  # fmt: skip


if __name__ == "__main__":
    main()
