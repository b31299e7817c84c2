"""Figure 7.22: the way back through batch normalization (Section 7.7)."""
