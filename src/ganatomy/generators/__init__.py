"""Between the halves: networks that make pictures, whoever trained them, behind one interface.

    >>> from ganatomy import generators
    >>> generators.cards()["faces"].resolution
    64

The public names stand in `__init__.pyi`, and are loaded when first used, so that cards need no PyTorch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
