"""Exercises of notebook 08, saturating and rectified units (Sections 7.4 to 7.4.3)."""
