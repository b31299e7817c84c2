"""Exercises of notebook 13: batch normalization (Section 7.7)."""
