"""Strangers' files, made: honest samples of all that is read, attacks on each, and a watch over who reads them.

For tests, which `import attacks`, and for `benchmarks/fuzz.py`. Everything is small, and follows from a seed.

- `kind`: what a kind of sample is.         `mutate`: random damage, and what may stand in the place of a file.
- `pickles`: instructions that would run code, or cost memory or time without end; torch files written by hand.
- `tensors`, `clouds`, `texts`, `results`: the kinds.     `catalogue`: all of them.
- `watch`: plays a case in a child, and sees what should not happen.
"""
