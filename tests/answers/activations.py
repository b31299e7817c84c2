"""Differently written right answers to the code exercises of notebook 08."""

OTHERS = {}
