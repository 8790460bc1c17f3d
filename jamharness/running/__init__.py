"""From a request to a run: check everything, compute what is missing, conclude, keep."""

from jamharness.running.export import FORMATS, export_run
from jamharness.running.observer import Observer, Silent
from jamharness.running.opening import list_runs, open_run
from jamharness.running.registering import Registration, register
from jamharness.running.result import ProtocolRun, Run
from jamharness.running.session import Interrupted, resume, run, run_claim

__all__ = [
    "FORMATS",
    "Interrupted",
    "Observer",
    "ProtocolRun",
    "Registration",
    "Run",
    "Silent",
    "export_run",
    "list_runs",
    "open_run",
    "register",
    "resume",
    "run",
    "run_claim",
]
