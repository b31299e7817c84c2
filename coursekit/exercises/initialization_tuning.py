"""More exercises of notebook 10: a start that keeps a deep network alive."""
