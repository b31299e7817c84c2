"""Exercises of notebook 15: Fixup (the lecture)."""
