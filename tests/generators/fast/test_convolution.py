"""The fast convolutions against PyTorch's own, in float64, where they must agree to rounding."""

import pytest
import torch
from torch.nn import functional

from ganatomy.generators.fast import convolution as fast_convolution
from ganatomy.generators.fast.convolution import Convolution, UpsampledConvolution

KINDS = {"float64": 1e-12, "float32": 1e-4, "bfloat16": 0.2}


def drawn(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def outer(x):
    """Bring channels to where PyTorch expects them."""
    return x.permute(0, 3, 1, 2)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n", "h", "w", "inputs", "outputs"), [(1, 4, 1, 1, 1), (3, 8, 7, 5, 2), (2, 12, 4, 3, 6)])
def test_a_convolution_is_pytorchs(n, h, w, inputs, outputs, kind, wide, monkeypatch):
    """By all three ways: straight, and in tiles of four rows or, in bfloat16, of two."""
    monkeypatch.setattr(fast_convolution, "_WIDE", 1 if wide else 64)
    work = torch.float64 if kind == "float64" else torch.float32
    x, weight, bias = drawn(n, h + 2, w + 2, inputs), drawn(outputs, inputs, 3, 3, seed=1), drawn(outputs, seed=2)
    layer = Convolution(weight, bias, getattr(torch, kind))
    assert len(layer._kernels) == (1 if not wide else 4 if kind == "bfloat16" else 6)
    out = layer(x.to(work), torch.full((n, h, w, outputs), torch.nan, dtype=work))
    assert (outer(out) - functional.conv2d(outer(x), weight, bias)).abs().max() < KINDS[kind]


@pytest.mark.parametrize("wide", [False, True])
def test_a_convolution_fills_a_part_of_a_picture(wide, monkeypatch):
    monkeypatch.setattr(fast_convolution, "_WIDE", 1 if wide else 64)
    x, weight, bias = drawn(2, 10, 5, 3), drawn(4, 3, 3, 3, seed=1), drawn(4, seed=2)
    layer, out = Convolution(weight, bias, torch.float64), torch.zeros(2, 20, 3, 4, dtype=torch.float64)
    part = layer(x, out[:, 6:14])
    assert part.data_ptr() == out[:, 6:].data_ptr()
    assert (outer(out[:, 6:14]) - functional.conv2d(outer(x), weight, bias)).abs().max() < 1e-12
    assert out[:, :6].count_nonzero() == out[:, 14:].count_nonzero() == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [2, 4, 6])
@pytest.mark.parametrize(("n", "h", "w", "inputs", "outputs"), [(1, 2, 1, 1, 1), (3, 6, 7, 5, 2), (2, 8, 3, 4, 6)])
def test_bands_of_an_upsampled_convolution_make_up_pytorchs(n, h, w, inputs, outputs, rows, kind):
    """In bands of some rows, the last maybe shorter; the frame's columns and its last row lie outside the picture."""
    work = torch.float64 if kind == "float64" else torch.float32
    x, weight, bias = drawn(n, h, w, inputs), drawn(outputs, inputs, 3, 3, seed=1), drawn(outputs, seed=2)
    layer = UpsampledConvolution(weight, bias, getattr(torch, kind))
    padded = functional.pad(x, (0, 0, 0, 0, 0, 1)).to(work)
    bands = [layer.first(padded)]
    for top in range(0, h, rows):
        end = min(top + rows, h)
        out = torch.full((n, 2 * (end - top), 2 * w + 2, outputs), torch.nan, dtype=work)
        bands.append(layer(padded[:, top : end + 1], out))
    made = outer(torch.cat(bands, 1))[:, :, :-1, 1:-1]
    wanted = functional.conv2d(functional.interpolate(outer(x), scale_factor=2), weight, bias, padding=1)
    assert made.dtype == work
    assert (made - wanted).abs().max() < KINDS[kind]


@pytest.mark.parametrize("layer", [Convolution, UpsampledConvolution])
def test_a_layer_keeps_its_own_weights(layer):
    weight, bias = drawn(2, 2, 3, 3), drawn(2)
    kept, x = layer(weight, bias, torch.float64), drawn(1, 7, 6, 2)
    size = (1, 4, 4, 2) if layer is Convolution else (1, 12, 14, 2)
    x = x[:, :6] if layer is Convolution else x
    before = kept(x, torch.empty(size, dtype=torch.float64))
    weight.zero_(), bias.zero_()
    assert torch.equal(kept(x, torch.empty(size, dtype=torch.float64)), before)
