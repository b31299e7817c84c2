"""Figures 7.23 and 7.24: activations by layer, vanishing and healthy (Section 7.8)."""
