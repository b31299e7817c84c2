"""Differently written right answers to the code exercises of notebook 06."""

OTHERS = {}
