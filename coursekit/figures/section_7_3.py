"""Figure 7.8: momentum carries a descent past a minimum and a shelf (Section 7.3.1)."""
