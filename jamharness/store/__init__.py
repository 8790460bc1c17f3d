"""What was computed, on disk: cells by the hash of all that can change them, and the runs that asked for them."""

from jamharness.store.cells import StoredCell
from jamharness.store.checkpoints import CheckpointFile
from jamharness.store.claims import Claims
from jamharness.store.folder import Store
from jamharness.store.runs import Conclusion, Failure, RunRecord, check_run_name

__all__ = ["CheckpointFile", "Claims", "Conclusion", "Failure", "RunRecord", "Store", "StoredCell", "check_run_name"]
