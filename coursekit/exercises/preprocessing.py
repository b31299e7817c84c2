"""Exercises of notebook 12: centring and scaling (Section 7.6)."""
