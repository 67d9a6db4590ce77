"""What directions do to pictures, whether they agree, and how methods compare."""
