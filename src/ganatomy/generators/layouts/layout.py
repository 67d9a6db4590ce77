"""The seam behind which every way of naming weights stands.

A *layout* is a family and a way of naming and scaling its weights. Two questions are all that is asked of one: whether
a state (see `files.states`) has its names, and which `Entry` each of our names is then, its shape and scale ours.
Constraint: a layout recognises its own states and no other layout's; of what it converts, every tensor that the family
needs is there, each has the one shape that fits the others, and none is left over, as one that is not understood would
be a network that is not understood. Recognising reads no numbers, converting few: filters, levels of detail.

Our names and shapes are those of the networks (`Z` latent coordinates, `C` channels, `k` kernel):

    ProGAN   layers.{i}.weight (C, Z, 4, 4) for i = 0, else (C', C, 3, 3); layers.{i}.bias (C,), of layer 0 also
             (C, 4, 4); outputs.{j}.weight (3, C, 1, 1), outputs.{j}.bias (3,); lod ()
    StyleGAN and StyleGAN2: see `styled`
    DCGAN    layers.{i}.weight (C, C', k, k), a transposed convolution; layers.{i}.bias (C',) where there is one;
             norms.{i}.{weight,bias,running_mean,running_var} (C',) where a batch norm follows layer i
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np

from ganatomy.errors import InputError
from ganatomy.files import printable
from ganatomy.generators.families import FAMILIES
from ganatomy.generators.files.states import State
from ganatomy.generators.files.stored import Entry

MOST = 10
"""Resolutions of a network that grows by doubling, 4 to 2048 pixels."""


@dataclass(frozen=True)
class Layout(ABC):
    """A way of naming the weights of a family.

    Attributes:
        family: one of `families.FAMILIES`.
        title: whose way it is, such as "genforce layout"; empty if the family has one only.
    """

    family: str
    title: str = ""

    @property
    def words(self) -> str:
        """The layout in words, such as "ProGAN, genforce layout"."""
        return ", ".join(filter(None, (FAMILIES[self.family].title, self.title)))

    @abstractmethod
    def recognise(self, state: State) -> bool:
        """Tell by keys and shapes whether a state is in this layout, whole or not."""

    @abstractmethod
    def convert(self, state: State, where: str, beside: State) -> dict[str, Entry]:
        """Find every tensor of a state that was recognised under our name, in our shape and scale.

        Args:
            state: the generator's tensors.
            where: what to call the checkpoint in messages.
            beside: tensors beside the state in its file, where some projects keep the mean code.

        Raises:
            InputError: tensors are missing, left over, or of shapes that do not fit one another; or a network that
                our equations do not cover.
        """


def check_whole(state: State, wanted: Iterable[str], spare: Collection[str], title: str, where: str) -> None:
    """See that a state has all the tensors that are wanted, and none but them and those that may be there.

    Args:
        state: the generator's tensors.
        wanted: keys, in the order in which missing ones are named.
        spare: keys that may be there.
        title: the family's.
        where: what to call the checkpoint in messages.

    Raises:
        InputError: tensors are missing or left over.

    >>> check_whole({"a": None}, ["a", "b"], [], "StyleGAN", "a.pth")
    Traceback (most recent call last):
    ganatomy.errors.InputError: a.pth: the StyleGAN generator lacks b
    """
    wanted = dict.fromkeys(wanted)
    missing = [key for key in wanted if key not in state]
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise InputError(f"{where}: the {title} generator lacks {', '.join(missing[:3])}{more}")
    extra = [key for key in state if key not in wanted and key not in spare]
    if extra:
        listing = ", ".join(map(printable, extra[:3]))
        raise InputError(f"{where} has {len(extra)} tensors that no {title} generator has, such as {listing}")


def level_of_detail(state: State, key: str, count: int, outputs: Collection[int], where: str) -> Entry:
    """Return a checkpoint's level of detail, 0 if it says none; it is read at once, as it decides what there must be.

    Args:
        state: the generator's tensors.
        key: what it is called there.
        count: K, the resolutions that there are; see `networks.growth`.
        outputs: the resolutions that can be turned into pictures.
        where: what to call the checkpoint in messages.

    Raises:
        InputError: it is not one number from 0 to K - 1, or needs an output that there is not.

    >>> level_of_detail({}, "lod", 3, [2], "a.pth").read()
    array(0., dtype=float32)
    """
    if key not in state:
        return Entry(key, (), lambda: np.zeros((), np.float32))
    tensor = state[key]
    lod = tensor.read().astype(np.float32).reshape(()) if math.prod(tensor.shape) == 1 else np.array(np.nan)
    if not 0 <= lod <= count - 1:
        raise InputError(f"{where}: {key} is {lod:g} of shape {tensor.shape}, not one number from 0 to {count - 1}")
    needed = {count - 1 - math.floor(lod), count - 1 - math.ceil(lod)}
    if needed - set(outputs):
        raise InputError(f"{where}: {key} is {lod:g}, which needs the outputs {sorted(needed)}; it has {list(outputs)}")
    return Entry(key, (), lambda: lod)
