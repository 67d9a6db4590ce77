"""Survey a generator: its directions by several methods, compared, named by measurement, and shown on one page."""

from ganatomy.latent.survey.choices import Choices
from ganatomy.latent.survey.run import survey

__all__ = ["Choices", "survey"]
