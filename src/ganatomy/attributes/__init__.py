"""What a picture shows, in numbers: brightness, the turn of a head, a smile, whatever a person's scorer says.

The public names stand in `__init__.pyi`, and are loaded when first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
