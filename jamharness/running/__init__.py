"""From a request to a run: check everything, compute what is missing, conclude, keep."""

from jamharness.running.export import FORMATS, export_run
from jamharness.running.observer import Observer, Silent
from jamharness.running.opening import list_runs, open_run
from jamharness.running.result import ProtocolRun, Run
from jamharness.running.session import Interrupted, resume, run

__all__ = [
    "FORMATS",
    "Interrupted",
    "Observer",
    "ProtocolRun",
    "Run",
    "Silent",
    "export_run",
    "list_runs",
    "open_run",
    "resume",
    "run",
]
