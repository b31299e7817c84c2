"""Exercises of notebook 06, RMSProp (Section 7.3.4)."""
