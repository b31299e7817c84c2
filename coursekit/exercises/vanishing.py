"""Exercises of notebook 14: the vanishing gradient problem (Section 7.8)."""
