"""Half 2: directions in the latent spaces of generators: found, moved along, measured and named."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
