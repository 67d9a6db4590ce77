"""The game of two players, and its loop over points: one run, or many seeds at once."""
