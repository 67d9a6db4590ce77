"""Figures of points, fields and curves."""
