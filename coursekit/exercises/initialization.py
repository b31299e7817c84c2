"""Exercises of notebook 10: initialization (Section 7.5)."""
