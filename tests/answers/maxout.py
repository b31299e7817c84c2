"""Differently written right answers to the code exercises of notebook 09."""

OTHERS = {}
