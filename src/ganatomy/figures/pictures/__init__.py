"""Figures and films of pictures."""
