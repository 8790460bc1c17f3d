"""Two backends compared: number by number, along trajectories, and over seeds."""

from jamharness.agreement.requests import KINDS
from jamharness.agreement.result import Agreement
from jamharness.agreement.session import agree

__all__ = ["KINDS", "Agreement", "agree"]
