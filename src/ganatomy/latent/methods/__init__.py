"""Ways to find directions, each by its paper's name."""
