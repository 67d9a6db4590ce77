"""What a picture shows, in numbers: brightness, the turn of a head, a smile, whatever a person's scorer says."""

from ganatomy.attributes.attribute import Attribute
from ganatomy.attributes.choosing import choose, has_values, measure
from ganatomy.attributes.scorers import read_scorer

__all__ = ["Attribute", "choose", "has_values", "measure", "read_scorer"]
