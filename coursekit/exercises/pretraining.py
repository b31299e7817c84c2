"""Exercises of notebook 11: layer-wise pre-training (the lecture)."""
