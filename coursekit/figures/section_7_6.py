"""Figures 7.19 and 7.20: data preprocessing (Section 7.6)."""
