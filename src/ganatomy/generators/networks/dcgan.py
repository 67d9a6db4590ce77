"""DCGAN: transposed convolutions with batch norm and ReLU between, tanh at the end.

    x_0 = z as 1 x 1 pixels,    x_{i+1} = relu(norm_i(deconv_i(x_i))),    picture = tanh(deconv_last(x))

Layer 0 makes 4 x 4 pixels (kernel 4, stride 1, no padding); later layers of kernel 4 double the resolution (stride 2,
padding 1), those of kernel 3 keep it (stride 1, padding 1). Batch norm uses the statistics it was trained with. A grey
picture is repeated to three colours. A conditional DCGAN takes its class as one-hot coordinates behind the code.

References:
    A. Radford, L. Metz, S. Chintala (2016), Unsupervised Representation Learning with Deep Convolutional Generative
    Adversarial Networks, section 3 and figure 1.
    M. Mirza, S. Osindero (2014), Conditional Generative Adversarial Nets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ganatomy.errors import InputError
from ganatomy.generators.base import Generator
from ganatomy.generators.layers import Chain, Table


class DCGAN(Generator):
    """The generator of Radford et al. (2016), any depth and width.

    Args:
        widths: (W, C_1, ..., C_last): coordinates of a code, channels after each layer; the last is 3, or 1 for grey.
        kernels: of each layer; 4 for the first, 4 or 3 for the others.
        biased: the layers that have a bias.
        normed: the layers that a batch norm follows; by default all but the last.
        classes: names of the classes, which are the last coordinates of a code.

    >>> _ = torch.manual_seed(0)
    >>> G = DCGAN([10, 8, 4, 3], kernels=[4, 4, 4], classes=["blue", "green"]).eval()
    >>> ws = G.mapping(G.draw(2, seed=0), torch.tensor([0, 1]))
    >>> ws.shape, G.synthesis(ws).shape
    (torch.Size([2, 1, 10]), torch.Size([2, 3, 16, 16]))
    """

    family = "dcgan"

    def __init__(
        self,
        widths: Sequence[int],
        kernels: Sequence[int],
        biased: Sequence[int] = (),
        normed: Sequence[int] | None = None,
        classes: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.w_dim, self.classes = widths[0], tuple(classes)
        self.z_dim = widths[0] - len(classes)
        self.resolution = 4 * 2 ** sum(kernel == 4 for kernel in kernels[1:])
        normed = range(len(kernels) - 1) if normed is None else normed
        self.layers: Chain[nn.ConvTranspose2d] = Chain()
        for i, kernel in enumerate(kernels):
            stride, padding = (1, 0) if i == 0 else (2, 1) if kernel == 4 else (1, 1)
            self.layers.append(
                nn.ConvTranspose2d(widths[i], widths[i + 1], kernel, stride, padding, bias=i in set(biased))
            )
        self.norms: Table[nn.BatchNorm2d] = Table({str(i): nn.BatchNorm2d(widths[i + 1]) for i in normed})

    @classmethod
    def from_weights(cls, weights: Mapping[str, NDArray[np.float32]], classes: Sequence[str] = ()) -> DCGAN:
        """Build the network that has these weights, inferring every size from their shapes."""
        count = sum(name.startswith("layers.") and name.endswith(".weight") for name in weights)
        shapes = [weights[f"layers.{i}.weight"].shape for i in range(count)]
        network = cls(
            [shapes[0][0], *(shape[1] for shape in shapes)],
            [shape[2] for shape in shapes],
            [i for i in range(count) if f"layers.{i}.bias" in weights],
            [i for i in range(count) if f"norms.{i}.weight" in weights],
            classes,
        )
        network._load(weights)
        for i in network.norms:
            network.norms[i].num_batches_tracked = None  # no weight: it counted training steps
        return network

    def mapping(self, z: Tensor, class_index: Tensor | None = None) -> Tensor:
        """Return the codes (N, Z) as they are, the class behind them as one-hot coordinates: (N, 1, W).

        Raises:
            InputError: codes of another shape; a conditional generator without classes, or the reverse; classes that
                are not one for each code.
        """
        self._check_codes(z)
        if not self.classes:
            self._check_no_class(class_index)
            return z[:, None]
        known, names = range(len(self.classes)), ", ".join(self.classes)
        if class_index is None:
            raise InputError(f"this generator has {len(known)} classes; give `class_index`, one for each code: {names}")
        if class_index.shape != z.shape[:1] or any(value not in known for value in class_index.tolist()):
            raise InputError(
                f"`class_index`: give one for each of the {len(z)} codes, a whole number from 0 to {known[-1]}"
            )
        return torch.cat([z, functional.one_hot(class_index.long(), len(known)).to(z)], dim=1)[:, None]

    def synthesis(self, ws: Tensor) -> Tensor:
        """Make pictures (N, 3, H, H) in [-1, 1] from ws (N, 1, W)."""
        last = len(self.layers) - 1
        x = torch.tanh(self.layers[last](self.features(ws, last - 1)))
        return x.expand(-1, 3, -1, -1)

    def features(self, ws: Tensor, layer: int) -> Tensor:
        """Return what leaves a layer after its activation, (N, C, h, w), for ws (N, 1, W)."""
        self._check_ws(ws)
        self._check_layer(layer, len(self.layers) - 1)
        x = ws[:, 0, :, None, None]
        for i in range(layer + 1):
            x = self.layers[i](x)
            if str(i) in self.norms:
                x = self.norms[str(i)](x)
            x = torch.relu(x)
        return x
