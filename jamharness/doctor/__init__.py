"""What ``jamharness doctor`` looks at: the machine, each framework in its own interpreter, and the store."""

from jamharness.doctor.examination import examine
from jamharness.doctor.findings import Finding

__all__ = ["Finding", "examine"]
