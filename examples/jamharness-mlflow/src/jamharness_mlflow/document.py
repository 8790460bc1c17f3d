"""What MLflow is told of a run, as plain values and files."""

import hashlib
import math
import os
from pathlib import Path

from jamharness.values import as_text

DEFAULT = "sqlite:///mlflow.db"
"""In the current folder, where ``mlflow ui`` looks too."""


def document_of(run, folder):
    """Names and values of a run, and the paths of its files.

    Arguments:
        run: as the hook gives it.
        folder: where tables are written.
    """
    parameters, metrics, files = {}, {}, []
    for protocol, part in run.protocols.items():
        parameters |= {f"{protocol}.{name}": as_text(value) for name, value in part.settings.items()}
        for name, estimate in part.findings.estimates.items():
            values = {"": estimate.value, ".low": estimate.low, ".high": estimate.high, ".count": estimate.count}
            finite = {end: value for end, value in values.items() if value is not None and math.isfinite(value)}
            metrics |= {f"{protocol}.{name}{end}": float(value) for end, value in finite.items()}
        for name, table in part.findings.tables.items():
            path = folder / f"{protocol}-{name.replace(' ', '_')}.csv"
            table.to_csv(path, index=False)
            files.append(("tables", str(path)))
    files += [("figures", str(Path(file).absolute())) for file in run.files]
    tags = {"jamharness.run": run.name, "jamharness.exit": str(run.exit), "jamharness.store": str(run.store)}
    if run.claim is not None:
        tags |= {"jamharness.claim": run.claim.digest, "jamharness.verdict": run.claim.verdict}
    return {
        "uri": os.environ.get("MLFLOW_TRACKING_URI", DEFAULT),
        "experiment": os.environ.get("MLFLOW_EXPERIMENT_NAME", "jamharness"),
        "name": run.name,
        # A run that is resumed or repeated stays one run of MLflow.
        "identity": hashlib.sha256(f"{run.store}\n{run.name}".encode()).hexdigest(),
        "parameters": parameters,
        "metrics": metrics,
        "tags": tags,
        "files": files,
    }
