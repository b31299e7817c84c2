"""Exercises of notebook 02, learning-rate annealing (Section 7.2)."""
