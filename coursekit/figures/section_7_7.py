"""Figure 7.21: where batch normalization stands, and what it does (Section 7.7)."""
