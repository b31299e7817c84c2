"""More exercises of notebook 13: the way back, and what the batch does."""
