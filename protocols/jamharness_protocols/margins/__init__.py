"""The distribution of the margins at the transition."""
