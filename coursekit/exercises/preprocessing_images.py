"""More exercises of notebook 12: images, the zig-zag, and the equalizer."""
