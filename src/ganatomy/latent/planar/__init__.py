"""Directions of a GAN fitted to points: the one arrow from half 2 to half 1."""
