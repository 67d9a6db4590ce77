"""Half 2: directions in the latent spaces of generators: found, moved along, measured and named.

    >>> from ganatomy import generators, latent
    >>> G = generators.Planted(resolution=32).eval()
    >>> found = latent.sefa(G, k=3)
    >>> samples = latent.draw(G, 2, seed=0)
    >>> latent.paint(G, found[0].edit(samples.ws, strength=2)).shape
    (2, 32, 32, 3)

The public names stand in `__init__.pyi`, and are loaded when first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
