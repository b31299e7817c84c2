"""Exercises of notebook 04, Nesterov momentum (Section 7.3.2)."""
