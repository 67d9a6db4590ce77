"""How far generated points are from real ones, and from what the noise alone makes."""
