"""Networks that are known by the names of their weights, and not read: so that a message can say what a file holds.

A name is a sign of its network; what has no known sign may still be anything. Layouts that this version reads are
looked for before: some of their names are signs here.
"""

import re

from ganatomy.generators.files.states import State

DISCRIMINATOR = "discriminator"
_SIGNS = {
    r"synthesis\.input\..*|synthesis\.L\d+_.*": "StyleGAN3 generator",
    r"(generator\.)?gen_z\..*|.*\.bn_\d\.running_means|blocks\.\d+\.\d+\.bn\d\.gain\..*": "BigGAN generator",
    r".*\.conv\.modulation\.weight|synthesis\.early_layer\..*": "StyleGAN2 generator in a layout that is not known",
    r"synthesis\.layer0\.const|g_synthesis\..*": "StyleGAN generator in a layout that is not known",
    r"input\d+\..*|fromRGBLayers\..*|decisionLayer\..*|from_rgbs?\..*": DISCRIMINATOR,
    r"(.*\.)?fromrgb\..*|final_(conv|linear)\..*": DISCRIMINATOR,
}


def family_of(state: State) -> str:
    """Say what network a state's names are signs of, such as "StyleGAN3 generator"; "" if of none that is known.

    >>> family_of({"synthesis.input.affine.weight": None}), family_of({"up1.weight": None})
    ('StyleGAN3 generator', '')
    """
    return next((kind for sign, kind in _SIGNS.items() if any(re.fullmatch(sign, key) for key in state)), "")
