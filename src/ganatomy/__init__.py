"""Fit GANs to point clouds and compare them."""
