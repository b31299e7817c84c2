"""Exercises of notebook 07, Adam (Section 7.3.5)."""
