"""The process that talks to MLflow: ``python -m jamharness_mlflow.upload FOLDER``."""

import json
import shutil
import sys
import time
from pathlib import Path

IDENTITY = "jamharness.identity"


def check(uri):
    """Refuse the store of files, which MLflow has put into maintenance with 3.13.

    Raises:
        ValueError: the address is one of files.
    """
    if "://" not in uri or uri.startswith("file:"):
        raise ValueError(f"MLFLOW_TRACKING_URI = {uri!r} is a folder; name a database, such as sqlite:///mlflow.db")


def log(document):
    """Log a run.

    Arguments:
        document: from ``document_of``.

    Returns:
        MLflow's name of the run: of the same run, the same again.
    """
    check(document["uri"])
    from mlflow.entities import Metric, Param, RunTag
    from mlflow.tracking import MlflowClient

    client = MlflowClient(document["uri"])
    existing = client.get_experiment_by_name(document["experiment"])
    experiment = existing.experiment_id if existing else client.create_experiment(document["experiment"])
    runs = client.search_runs([experiment], f"tags.`{IDENTITY}` = '{document['identity']}'", max_results=1)
    run = runs[0] if runs else client.create_run(experiment, run_name=document["name"])
    now = int(time.time() * 1000)
    parameters = [Param(key, value[:6000]) for key, value in document["parameters"].items()]
    metrics = [Metric(key, value, now, 0) for key, value in document["metrics"].items()]
    tags = {**document["tags"], IDENTITY: document["identity"]}
    for some in _batches(parameters, 100):
        client.log_batch(run.info.run_id, params=some)
    for some in _batches(metrics, 1000):
        client.log_batch(run.info.run_id, metrics=some)
    client.log_batch(run.info.run_id, tags=[RunTag(key, value) for key, value in tags.items()])
    for place, path in document["files"]:
        client.log_artifact(run.info.run_id, path, place)
    client.set_terminated(run.info.run_id)
    return run.info.run_id


def _batches(values, most):
    """MLflow takes so many at a time."""
    return [values[start : start + most] for start in range(0, len(values), most)]


def main():
    """Log what lies in a folder, and remove it; what goes wrong is the last line on standard error."""
    folder = Path(sys.argv[1])
    try:
        log(json.loads((folder / "document.json").read_text(encoding="utf-8")))
    except Exception as error:  # noqa: BLE001  (whatever it is, jamharness tells it)
        sys.exit(" ".join(f"{type(error).__name__}: {error}".split())[:300])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
