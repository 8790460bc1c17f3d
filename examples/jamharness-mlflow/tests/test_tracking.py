"""A run finishes, and MLflow has all of it."""

import os
from pathlib import Path

import pandas as pd
import pytest
from jamharness_mlflow import jamharness_run_finished
from jamharness_mlflow.document import document_of
from jamharness_mlflow.upload import check, log

import jamharness
from jamharness.running import telling
from jamharness.values import as_text

mlflow = pytest.importorskip(
    "mlflow", reason='MLflow is not installed: pip install "mlflow-skinny>=3.13" sqlalchemy alembic'
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """An empty folder that is the current one, where MLflow keeps its database and artifacts too."""
    folder = tmp_path_factory.mktemp("tracking")
    before = Path.cwd()
    os.chdir(folder)
    yield folder
    os.chdir(before)


@pytest.fixture(scope="module")
def finished(place):
    """A small run, told to every plugin that is installed; ten seconds may be too few on a busy machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(telling, "LIMIT", 120.0)
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{place}/runs.db")
        patch.setenv("MLFLOW_EXPERIMENT_NAME", "small")
        yield jamharness.run(
            "jamming",
            backend="numpy",
            settings={"width": 2, "depth": 1, "seeds": 2},
            name="tiny",
            workers=1,
            figures="png",
        )


@pytest.fixture(scope="module")
def client(finished, place):
    """MLflow's own, on the same database, once a run is in it."""
    assert finished.exit == 0
    from mlflow.tracking import MlflowClient

    return MlflowClient(f"sqlite:///{place}/runs.db")


@pytest.fixture(scope="module")
def logged(client):
    """The only run of the experiment."""
    (run,) = client.search_runs([client.get_experiment_by_name("small").experiment_id])
    return run


def test_estimates_are_metrics(finished, logged):
    """Value, ends of the interval and count, each where it is known."""
    expected = {}
    for name, estimate in finished.estimates["jamming"].items():
        ends = {"": estimate.value, ".low": estimate.low, ".high": estimate.high, ".count": estimate.count}
        expected |= {f"jamming.{name}{end}": value for end, value in ends.items() if value is not None}
    assert logged.data.metrics == expected
    assert expected["jamming.satisfied"] >= 1


def test_settings_are_parameters(finished, logged):
    """Defaults among them, as they would be typed."""
    settings = finished.protocols["jamming"].settings
    assert logged.data.params == {f"jamming.{name}": as_text(value) for name, value in settings.items()}
    assert logged.data.params["jamming.width"] == "2"
    assert logged.info.status == "FINISHED"
    assert logged.data.tags["jamharness.run"] == logged.info.run_name == "tiny"


def test_tables_and_figures_are_artifacts(finished, client, logged, tmp_path):
    """Downloaded again, they are what the run has."""
    files = {file.path for place in ("tables", "figures") for file in client.list_artifacts(logged.info.run_id, place)}
    assert files == {"tables/jamming-trials.csv", "tables/jamming-thresholds.csv", "figures/jamming-jump.png"}
    path = client.download_artifacts(logged.info.run_id, "tables/jamming-trials.csv", str(tmp_path))
    trials = finished.tables["jamming"]["trials"]
    pd.testing.assert_frame_equal(
        pd.read_csv(path)[["patterns", "loss", "outcome"]],
        trials[["patterns", "loss", "outcome"]].reset_index(drop=True),
    )
    path = client.download_artifacts(logged.info.run_id, "figures/jamming-jump.png", str(tmp_path))
    assert Path(path).read_bytes() == Path(finished.files[0]).read_bytes()


def test_the_same_run_stays_one_run(finished, client, logged, tmp_path):
    """Repeated or resumed, it is logged into the run that is there."""
    assert log(document_of(finished, tmp_path)) == logged.info.run_id
    assert len(client.search_runs([logged.info.experiment_id])) == 1


@pytest.mark.parametrize("uri", ["mlruns", "/home/me/mlruns", "file:///home/me/mlruns"])
def test_a_store_of_files_is_refused(uri):
    """Before MLflow is asked, with what to set instead."""
    with pytest.raises(ValueError, match="sqlite:///mlflow"):
        check(uri)


def test_what_mlflow_refuses_is_said(finished, monkeypatch):
    """In the sentence that becomes a warning of the run."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "mlruns")
    with pytest.raises(RuntimeError, match="'mlruns' is a folder"):
        jamharness_run_finished(run=finished)
