"""What a picture shows, in numbers: brightness, the turn of a head, a smile, whatever a person's scorer says."""

from ganatomy.attributes.attribute import Attribute
from ganatomy.attributes.choosing import choose, has_values, measure
from ganatomy.attributes.scorers import read_scorer
from ganatomy.attributes.trait import Trait

__all__ = ["Attribute", "Trait", "choose", "has_values", "measure", "read_scorer"]
