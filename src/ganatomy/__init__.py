"""Fit GANs to point clouds and compare them; find the directions in pretrained generators, and edit with them.

    >>> import ganatomy
    >>> points = ganatomy.distribution("zigzag").sample(8192, seed=0)
    >>> model = ganatomy.fit(points, objective="gan", epochs=1)
    >>> model.sample(1000, seed=1).shape
    (1000, 2)

The public names stand in `__init__.pyi`, and are loaded when first used, so that importing the package is quick.
"""

from importlib import metadata

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__version__ = metadata.version(__name__)
