"""How the set of unsatisfied patterns changes along training."""
