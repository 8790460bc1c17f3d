"""The instrument on solved problems: truth, estimate, interval, covered or not."""
