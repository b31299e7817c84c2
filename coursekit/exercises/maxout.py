"""Exercises of notebook 09, Maxout (Section 7.4.4)."""
