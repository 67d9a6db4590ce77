"""What theory says of methods that see samples only."""

import numpy as np
import pytest


def sampling_error(eigenvalues, codes):
    """Compute E sin^2 of the angles that sampling puts between GANSpace's directions and raw SeFa's, to first order.

    The eigenvalues are all those of A^T A, descending; see `ganatomy.latent.methods.ganspace` for the equation.
    """
    values = np.asarray(eigenvalues, dtype=np.float64)
    gaps = values[:, None] - values
    np.fill_diagonal(gaps, np.inf)
    ratios = np.divide(values[:, None], gaps, out=np.full_like(gaps, np.inf), where=gaps != 0)
    return (ratios**2).sum(axis=1) / codes


@pytest.fixture(scope="session")
def expected_error():
    """The function above, which does what is done by hand for three eigenvalues."""
    by_hand = [(9 / 5) ** 2 + (9 / 8) ** 2, (4 / 5) ** 2 + (4 / 3) ** 2, (1 / 8) ** 2 + (1 / 3) ** 2]
    np.testing.assert_allclose(sampling_error([9.0, 4.0, 1.0], 1000), np.array(by_hand) / 1000)
    return sampling_error
