"""What to cite for the methods that a study uses, in the order of their years."""

from collections.abc import Iterable

_ALWAYS = (
    "O. J. Dunn (1961). Multiple comparisons among means. Journal of the American Statistical Association 56.",
    "B. Efron (1979). Bootstrap methods: another look at the jackknife. The Annals of Statistics 7.",
    "C. Villani (2009). Optimal transport: old and new. Springer.",
)
_GOODFELLOW = "I. Goodfellow et al. (2014). Generative adversarial nets. NeurIPS 27."
_OF = {
    "gan": (_GOODFELLOW,),
    "ns-gan": (_GOODFELLOW,),
    "wgan": ("M. Arjovsky, S. Chintala and L. Bottou (2017). Wasserstein generative adversarial networks. ICML.",),
    "wgan-gp": ("I. Gulrajani et al. (2017). Improved training of Wasserstein GANs. NeurIPS 30.",),
    "lsgan": ("X. Mao et al. (2017). Least squares generative adversarial networks. ICCV.",),
    "hinge": ("J. H. Lim and J. C. Ye (2017). Geometric GAN. arXiv:1705.02894.",),
    "rpgan": (
        "A. Jolicoeur-Martineau (2019). The relativistic discriminator: a key element missing from standard GAN. ICLR.",
        "Y. Huang et al. (2024). The GAN is dead; long live the GAN! A modern GAN baseline. NeurIPS 37.",
    ),
    "sgd": (
        "H. Robbins and S. Monro (1951). A stochastic approximation method. The Annals of Mathematical Statistics 22.",
    ),
    "rmsprop": (
        "T. Tieleman and G. Hinton (2012). Lecture 6.5: RMSprop. COURSERA: Neural Networks for Machine Learning.",
    ),
    "adam": ("D. P. Kingma and J. Ba (2015). Adam: a method for stochastic optimization. ICLR.",),
}


def references(names: Iterable[str]) -> list[str]:
    """List the sources of objectives and optimizers by name, and of how studies are judged; unknown names have none.

    >>> [text[:28] for text in references(["gan", "adam", "my.py:Mine"])]
    ['O. J. Dunn (1961). Multiple ', 'B. Efron (1979). Bootstrap m', 'C. Villani (2009). Optimal t',
     'I. Goodfellow et al. (2014).', 'D. P. Kingma and J. Ba (2015']
    """
    found = {*_ALWAYS, *(text for name in names for text in _OF.get(name, ()))}
    return sorted(found, key=lambda text: (text.partition(" (")[2][:4], text))
