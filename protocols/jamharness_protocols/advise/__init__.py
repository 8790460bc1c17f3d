"""What to train for a data set: the transition of all its patterns, foretold from a tenth of them."""
