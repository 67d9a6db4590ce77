"""Recipes: every setting of a training, with the source of each value."""
