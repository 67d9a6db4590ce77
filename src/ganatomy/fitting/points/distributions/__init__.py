"""Built-in targets: known densities to draw from, and to judge a fit by.

`base` says what a distribution is, `families` how each kind is drawn and evaluated, `catalogue` lists those
with a name.
"""

from ganatomy.fitting.points.distributions.base import Components, Distribution
from ganatomy.fitting.points.distributions.catalogue import DISTRIBUTIONS, distribution, distributions

__all__ = ["DISTRIBUTIONS", "Components", "Distribution", "distribution", "distributions"]
