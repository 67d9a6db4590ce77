"""The networks themselves: one module a family, and by which name each is known."""

from ganatomy.generators.base import Generator
from ganatomy.generators.networks.dcgan import DCGAN
from ganatomy.generators.networks.planted import Planted
from ganatomy.generators.networks.progan import ProGAN
from ganatomy.generators.networks.stylegan import StyleGAN
from ganatomy.generators.networks.stylegan2 import StyleGAN2

__all__ = ["DCGAN", "NETWORKS", "Planted", "ProGAN", "StyleGAN", "StyleGAN2"]

NETWORKS: dict[str, type[Generator]] = {network.family: network for network in (ProGAN, StyleGAN, StyleGAN2, DCGAN)}
"""The network of each of `families.FAMILIES`."""
