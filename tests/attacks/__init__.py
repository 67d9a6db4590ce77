"""Strangers' files, made: valid samples of all that is read, attacks on each, and a watch over who reads them.

For tests, which `import attacks`, and for `benchmarks/fuzz.py`. Everything is small, and follows from a seed.

- `pickles`: instructions that would run code, or cost memory or time without end.
- `tables`: JSON and TOML changed in every place, and a study that nobody trained.
"""
