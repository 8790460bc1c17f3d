"""Finished runs as runs of MLflow: estimates as metrics, settings as parameters, tables and figures as artifacts.

Imported at the start of every command, it imports nothing large: MLflow lives in a process of its own.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from jamharness.api import hookimpl
from jamharness_mlflow.document import document_of


@hookimpl
def jamharness_run_finished(run):
    """Log a run, in a process that goes on where this hook is left behind after its ten seconds.

    Raises:
        RuntimeError: MLflow refused; what it says is in the message, which becomes a warning of the run.
    """
    folder = Path(tempfile.mkdtemp(prefix="jamharness-mlflow-"))
    (folder / "document.json").write_text(json.dumps(document_of(run, folder)), encoding="utf-8")
    with (folder / "messages").open("w+", encoding="utf-8") as messages:
        process = subprocess.Popen(  # noqa: S603  (this Python, and a folder of its own)
            [sys.executable, "-m", "jamharness_mlflow.upload", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=messages,
            start_new_session=True,  # Ctrl-C after the run is not meant for it
        )
        if process.wait() != 0:
            messages.seek(0)
            raise RuntimeError(messages.read().strip().splitlines()[-1])
