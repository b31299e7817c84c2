"""Exercises of notebook 03, momentum (Section 7.3.1)."""
