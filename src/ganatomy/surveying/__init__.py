"""Survey a generator: its directions by several methods, compared, named by measurement, and shown on one page."""

from ganatomy.surveying.choices import Choices
from ganatomy.surveying.conduct import survey

__all__ = ["Choices", "survey"]
