"""All kinds of what is read of strangers, by name."""

import importlib

from attacks import clouds, results, tensors, texts

KINDS = {kind.name: kind for kind in (*tensors.KINDS, *clouds.KINDS, *texts.KINDS, *results.KINDS)}
_LATE = ("h5py", "pandas", "pyarrow.parquet", "scipy.io", "scipy.sparse.csgraph", "matplotlib.figure", "jinja2")


def preload() -> None:
    """Import what readers import when they need it, so that its memory and time are no case's."""
    for name in _LATE:
        importlib.import_module(name)
    from matplotlib import font_manager

    font_manager.findSystemFonts()  # which asks another program, once
