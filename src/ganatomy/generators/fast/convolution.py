"""3 x 3 convolutions in fewer products, exact up to rounding: by Toom and Cook's algorithm along the rows of a picture.

Along columns everything here is a plain convolution, with kernels one row high, which processors run at full speed.
Along rows, m rows y of the result depend on m + 2 rows d of features by the kernel's rows g = (a, b, c):

    y_j = sum_r g_r d_(j + r)  =  [A ((G g) * (B d))]_j,        `*` elementwise,

with constant matrices A, B and G, so that m + 2 products of a row by a kernel row do in place of 3 m: 6 for 4 rows,
half as many, or 4 for 2 rows, with smaller numbers in B, which low precision needs. B and A are applied to whole rows.

When each pixel is first repeated to 2 x 2, the rows of the finer picture around row i of the coarse one, x, are

    row 2i - 1:  S x_i + (a + b) (x_(i-1) - x_i)        row 2i + 1:  S x_i + c (x_(i+1) - x_i)
    row 2i:      S x_i + a (x_(i-1) - x_i)              row 2i + 2:  S x_i + (b + c) (x_(i+1) - x_i)

with S = a + b + c. Taken for odd i, these are all rows but row 0, which is (b + c) x_0. Along columns, every kernel row
(a, b, c) makes two of two taps, (a + b, c) for fine column 2j - 1 and (a, b + c) for 2j, both over coarse columns j - 1
and j. In all a fine pixel takes 2.5 products, instead of the 9 of a convolution that reads repeated pixels.

Where the finer picture is then smoothed by [1, 2, 1] / 4, as by StyleGAN's generators, repeating is the sum of a pixel
and its neighbour among zeros, [1, 1], and [1, 1] * [1, 2, 1] = [1, 3, 3, 1]. So a transposed convolution, with zeros
between pixels and 2.25 products a fine one, and a smoothing by [1, 3, 3, 1] / 4 do.

Channels are innermost in memory. Shapes: `N` pictures, `h` x `w` pixels, `C` channels in, `C'` channels out.

Not guaranteed: speed elsewhere than in PyTorch's convolutions for processors, nor for fewer than 64 channels.

References:
    A. Lavin, S. Gray (2016), Fast Algorithms for Convolutional Neural Networks, sections 4.1 to 4.3: F(2, 3), F(4, 3).
    W. Shi et al. (2016), Is the deconvolution layer the same as a convolutional layer?
"""

from __future__ import annotations

from copy import copy

import torch
from torch import Tensor
from torch.nn import functional

_WIDE = 64  # channels from which half the products are worth the sums before and after; at 32 they only break even

_INPUT = {  # B, by m
    2: [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]],
    4: [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
}
_KERNEL = {  # G
    2: [[1, 0, 0], [1 / 2, 1 / 2, 1 / 2], [1 / 2, -1 / 2, 1 / 2], [0, 0, 1]],
    4: [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ],
}
_OUTPUT = {  # A
    2: [[1, 1, 1, 0], [0, 1, -1, -1]],
    4: [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]],
}
_ONE = 1  # the product that every row takes once, by A: it carries the bias


class Convolution:
    """A 3 x 3 convolution without padding: (N, h + 2, w + 2, C) -> (N, h, w, C').

    Args:
        weight: (C', C, 3, 3), float64.
        bias: (C',).
        kind: the type in which products are taken; sums over rows have the features' type.

    >>> _ = torch.manual_seed(0)
    >>> x, weight, bias = torch.randn(1, 10, 7, 64), torch.randn(64, 64, 3, 3), torch.randn(64)
    >>> y = Convolution(weight.double(), bias)(x, torch.empty(1, 8, 5, 64))
    >>> wanted = functional.conv2d(x.permute(0, 3, 1, 2), weight, bias).permute(0, 2, 3, 1)
    >>> bool((y - wanted).abs().max() < 1e-5 * wanted.abs().max())
    True
    """

    def __init__(self, weight: Tensor, bias: Tensor, kind: torch.dtype = torch.float32) -> None:
        self._tile = 1 if min(weight.shape[:2]) < _WIDE else 2 if kind == torch.bfloat16 else 4
        kernels = [weight]
        if self._tile > 1:
            turned = torch.tensor(_KERNEL[self._tile], dtype=torch.float64)
            kernels = torch.einsum("pr,oirs->pois", turned, weight).unsqueeze(3)
        self._exact = [_ready(kernel, _exact(kind)) for kernel in kernels]
        self._kernels = [_ready(kernel, kind) for kernel in self._exact]
        self.kind, self._bias = kind, bias.to(kind, copy=True)

    def modulated(self, inputs: Tensor, outputs: Tensor, bias: Tensor) -> Convolution:
        """Return the convolution with its channels in, (C,), and out, (C',), scaled, and another bias (C',)."""
        made = copy(self)
        made._kernels = [_scaled(kernel, inputs, outputs, self.kind) for kernel in self._exact]
        made._bias = bias.to(self.kind)
        return made

    def __call__(self, x: Tensor, out: Tensor | None = None) -> Tensor:
        """Write the result to out, or where it comes to lie, and return it; h must be a multiple of 4."""
        if self._tile == 1:
            y = _convolve(x.to(self.kind), self._kernels[0], self._bias)
            return y if out is None else out.copy_(y)
        if out is None:
            out = x.new_empty(len(x), x.shape[1] - 2, x.shape[2] - 2, len(self._bias))
        assert out.shape[1] % self._tile == 0
        last = x.shape[1] - self._tile - 2
        seen = [x[:, r : last + r + 1 : self._tile] for r in range(self._tile + 2)]
        products = []
        for p, kernel in enumerate(self._kernels):
            rows = _combine(_INPUT[self._tile][p], seen, x.new_empty(seen[0].shape))
            products.append(_convolve(rows.to(self.kind), kernel, self._bias if p == _ONE else None).to(x.dtype))
        for j, factors in enumerate(_OUTPUT[self._tile]):
            _combine(factors, products, out[:, j :: self._tile])
        return out


class UpsampledConvolution:
    """Pixels repeated to 2 x 2, then a 3 x 3 convolution with zeros around, for some rows at a time.

    The result has columns -1 to 2w of the finer picture; of these the first and the last lie outside and mean nothing.

    Args:
        weight: (C', C, 3, 3), float64.
        bias: (C',).
        kind: the type in which products are taken; sums have the result's type.

    >>> x, weight = torch.arange(8.0).view(1, 2, 4, 1), torch.arange(9.0).view(1, 1, 3, 3)
    >>> layer = UpsampledConvolution(weight.double(), torch.ones(1))
    >>> rows = layer(functional.pad(x, (0, 0, 0, 0, 0, 1)), torch.empty(1, 4, 10, 1))
    >>> fine = functional.interpolate(x.permute(0, 3, 1, 2), scale_factor=2)
    >>> y = functional.conv2d(fine, weight, torch.ones(1), padding=1)[0, 0]
    >>> bool((layer.first(x)[0, :, 1:-1, 0] == y[:1]).all() and (rows[0, :3, 1:-1, 0] == y[1:]).all())
    True
    """

    def __init__(self, weight: Tensor, bias: Tensor, kind: torch.dtype = torch.float32) -> None:
        a, b, c = weight.unbind(2)
        self._centre, self._top = _pairs(a + b + c, kind=kind), _pairs(b + c, kind=kind)
        self._above, self._below = _pairs(a + b, a, kind=kind), _pairs(c, b + c, kind=kind)
        self.kind, self.channels, self._bias = kind, len(bias), bias.repeat(2).to(kind)

    def first(self, x: Tensor) -> Tensor:
        """Make row 0 of the finer picture from coarse rows (N, h, w, C): (N, 1, 2w + 2, C')."""
        row = self._product(x[:, :1], self._top, self._bias)
        return row.reshape(len(x), 1, -1, self.channels).to(x.dtype)

    def __call__(self, x: Tensor, out: Tensor) -> Tensor:
        """Make 2h rows, from the second that touches coarse row 0 to the first that touches row h, and return them.

        Args:
            x: (N, h + 1, w, C), h even: coarse rows t to t + h, or zeros for a last row beyond the picture.
            out: (N, 2h, 2w + 2, C'), for rows 2t + 1 to 2t + 2h of the finer picture.
        """
        n, height, width, _ = x.shape
        odd = x[:, 1::2]
        centre = self._product(odd, self._centre, self._bias).view(n, height // 2, 1, width + 1, 2, self.channels)
        rows = out.view(n, height // 2, 4, width + 1, 2, self.channels)
        for neighbour, kernel, part in ((x[:, :-1:2], self._above, slice(2)), (x[:, 2::2], self._below, slice(2, 4))):
            change = self._product(neighbour - odd, kernel).view(n, height // 2, width + 1, 2, 2, self.channels)
            torch.add(centre.to(out.dtype), change.to(out.dtype).transpose(2, 3), out=rows[:, :, part])
        return out

    def _product(self, x: Tensor, kernel: Tensor, bias: Tensor | None = None) -> Tensor:
        return _convolve(x.to(self.kind).contiguous(), kernel, bias, padding=(0, 1))


class DoublingConvolution:
    """A transposed convolution that doubles the resolution, smoothed by [1, 3, 3, 1] / 4 along rows and columns.

    This is the convolution of pixels repeated to 2 x 2 by the same kernel, smoothed by [1, 2, 1] / 4, where its rows
    and columns -1 and 2h or 2w, just outside of the picture, count as the others do (StyleGAN2), or as zeros
    (`cut`: StyleGAN). With t the transposed convolution's rows 0 to 2h, cutting means t_-1 = -t_0, t_(2h + 1) = -t_2h,
    in place of zeros.

    Args:
        weight: (C', C, 3, 3), float64, as a convolution of repeated pixels takes it.
        bias: (C',).
        kind: the type in which products are taken, and the type of the result.
        cut: see above.

    >>> _ = torch.manual_seed(0)
    >>> x, weight = torch.randn(1, 3, 4, 2, dtype=torch.float64), torch.randn(5, 2, 3, 3, dtype=torch.float64)
    >>> layer = DoublingConvolution(weight, torch.zeros(5), torch.float64, cut=True)
    >>> y = layer(functional.pad(x, (0, 0, 1, 1, 1, 1)), top=True, bottom=True)
    >>> fine = functional.conv2d(functional.interpolate(x.permute(0, 3, 1, 2), scale_factor=2), weight, padding=1)
    >>> taps = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]).double() / 16
    >>> wanted = functional.conv2d(fine, taps.expand(5, 1, 3, 3), padding=1, groups=5)
    >>> y.shape, bool((y.permute(0, 3, 1, 2) - wanted).abs().max() < 1e-12)
    (torch.Size([1, 6, 8, 5]), True)
    """

    def __init__(self, weight: Tensor, bias: Tensor, kind: torch.dtype = torch.float32, *, cut: bool = False) -> None:
        self._exact = _ready(weight.flip(2, 3).transpose(0, 1), _exact(kind))
        self._kernel, self._bias = _ready(self._exact, kind), bias.to(kind, copy=True)
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 4
        self._filter = _ready(torch.outer(taps, taps).expand(len(bias), 1, 4, 4), kind)
        self.kind, self.channels, self._cut = kind, len(bias), cut

    def modulated(self, inputs: Tensor, outputs: Tensor, bias: Tensor) -> DoublingConvolution:
        """Return the convolution with its channels in, (C,), and out, (C',), scaled, and another bias (C',)."""
        made = copy(self)
        made._kernel = _scaled(self._exact, outputs, inputs, self.kind)
        made._bias = bias.to(self.kind)
        return made

    def __call__(self, x: Tensor, *, ahead: bool = False, top: bool = False, bottom: bool = False) -> Tensor:
        """Make the rows 2a to 2b - 1 of the finer picture, (N, 2 (b - a), 2w, C'), from a band of coarse ones.

        Args:
            x: the coarse rows a - 1 to b, (N, b - a + 2, w, C), which are zeros outside of the picture; where the
                border is cut, framed by a column of zeros on both sides, (N, b - a + 2, w + 2, C).
            ahead: make the rows 2a + 1 to 2b, for which x has row b + 1 too.
            top: whether a is 0; matters where the border is cut, and not ahead.
            bottom: whether b is h; likewise.
        """
        assert not (ahead and self._cut)
        x, sides = x.permute(0, 3, 1, 2).to(self.kind), int(self._cut)
        t = functional.conv_transpose2d(x, self._kernel, stride=2, padding=(1 + ahead, sides))
        if self._cut:
            for at_border, outside, inside in ((top, 0, 1), (bottom, -1, -2)):
                if at_border:
                    t[:, :, outside] = -t[:, :, inside]
                t[..., outside] = -t[..., inside]
        t = functional.conv2d(t, self._filter, self._bias, padding=(0, 1 - sides), groups=self.channels)
        return t.permute(0, 2, 3, 1)


def _exact(kind: torch.dtype) -> torch.dtype:
    """Return the type in which to keep weights that are scaled before they are rounded to a kind."""
    return torch.float32 if kind == torch.bfloat16 else kind


def _scaled(kernel: Tensor, second: Tensor, first: Tensor, kind: torch.dtype) -> Tensor:
    """Scale the first and second dimension of a kernel."""
    return (kernel * torch.outer(first, second)[:, :, None, None]).to(kind)


def _pairs(*kernels: Tensor, kind: torch.dtype) -> Tensor:
    """Turn kernel rows (C', C, 3) into those for fine columns 2j - 1 and 2j, below each other: (2 C' ..., C, 1, 2)."""
    taps = []
    for a, b, c in (kernel.unbind(2) for kernel in kernels):
        taps += [torch.stack((a + b, c), 2), torch.stack((a, b + c), 2)]
    return _ready(torch.cat(taps).unsqueeze(2), kind)


def _ready(kernel: Tensor, kind: torch.dtype) -> Tensor:
    return kernel.to(kind).contiguous(memory_format=torch.channels_last)


def _convolve(x: Tensor, kernel: Tensor, bias: Tensor | None, padding: tuple[int, int] = (0, 0)) -> Tensor:
    return functional.conv2d(x.permute(0, 3, 1, 2), kernel, bias, padding=padding).permute(0, 2, 3, 1)


def _combine(factors: list[int], terms: list[Tensor], out: Tensor) -> Tensor:
    """Sum the terms, each times its factor; one of the factors must be 1."""
    used = sorted((factor != 1, p) for p, factor in enumerate(factors) if factor)
    total = terms[used[0][1]]
    for _, p in used[1:]:
        total = torch.add(total, terms[p], alpha=factors[p], out=out)
    return total
