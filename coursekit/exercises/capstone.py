"""The capstone of notebook 15: thirty layers, real digits, a budget of steps."""
