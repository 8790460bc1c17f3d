"""The jamming point, and how far the number of unsatisfied patterns jumps there."""
