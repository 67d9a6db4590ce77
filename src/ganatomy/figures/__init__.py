"""Pictures and films: pure functions from arrays to figures and frames."""
