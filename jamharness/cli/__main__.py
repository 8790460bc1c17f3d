"""``python -m jamharness.cli``."""

import sys

from jamharness.cli import main

if __name__ == "__main__":
    sys.exit(main())
