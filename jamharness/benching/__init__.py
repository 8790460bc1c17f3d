"""What ``jamharness bench`` measures: how fast each backend is on this machine."""

from jamharness.benching.session import Timing, bench

__all__ = ["Timing", "bench"]
