"""Exercises of notebook 05, AdaGrad (Section 7.3.3)."""
