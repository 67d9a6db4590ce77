"""Point clouds: files and built-in distributions, read, checked and split."""
