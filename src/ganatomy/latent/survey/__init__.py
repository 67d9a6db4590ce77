"""Survey a generator: its directions by several methods, compared, named by measurement, and shown on one page.

Or those of one method, shown as a film.
"""

from ganatomy.latent.survey.choices import Choices, Film, Survey
from ganatomy.latent.survey.result import Surveyed
from ganatomy.latent.survey.run import conduct, survey

__all__ = ["Choices", "Film", "Survey", "Surveyed", "conduct", "survey"]
