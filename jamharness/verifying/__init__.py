"""A run checked again from what its store holds: every byte, every verdict from its stored w, every estimate."""

from jamharness.verifying.result import Row, Verification
from jamharness.verifying.session import verify_run

__all__ = ["Row", "Verification", "verify_run"]
