from .attribute import Attribute as Attribute
from .choosing import choose as choose
from .choosing import has_values as has_values
from .choosing import measure as measure
from .scorers import read_scorer as read_scorer
from .trait import Trait as Trait
