"""Figures 7.6 and 7.7: learning rates on real data, and annealing (Section 7.2)."""
