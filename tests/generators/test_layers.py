"""The building blocks against their formulas."""

import math

import numpy as np
import pytest
import torch

from ganatomy.generators.layers import EqualizedConvolution, pixel_norm, upsample


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("shape", [(3, 7), (2, 5, 4, 6), (2, 1, 3, 3)], ids=str)
def test_a_pixel_norm_divides_by_the_root_mean_square_of_the_channels(shape):
    x = normal(*shape).numpy()
    wanted = x / np.sqrt(np.mean(x**2, axis=1, keepdims=True) + 1e-8)
    assert np.allclose(pixel_norm(torch.from_numpy(x)).numpy(), wanted, rtol=1e-12)


def test_the_constant_under_the_root_keeps_small_values_small():
    x = torch.tensor([[0.0, 0.0], [1e-4, 1e-4], [1e-6, 1e-6]], dtype=torch.float64)  # squares about 1e-8 and below
    assert torch.allclose(pixel_norm(x)[:, 0], torch.tensor([0, math.sqrt(0.5), 1e-2]).double(), rtol=1e-4)


def test_upsampling_repeats_every_pixel_twice_each_way():
    x = normal(2, 3, 4, 5).numpy()
    assert np.array_equal(upsample(torch.from_numpy(x)).numpy(), np.kron(x, np.ones((2, 2))))


@pytest.mark.parametrize("gain", [math.sqrt(2), 1.0])
@pytest.mark.parametrize(("inputs", "kernel", "padding"), [(5, 3, 1), (7, 1, 0), (4, 4, 3)])
def test_a_convolution_is_scaled_by_its_fan_in_and_its_bias_is_not(inputs, kernel, padding, gain):
    layer = EqualizedConvolution(inputs, 6, kernel, padding=padding, gain=gain).double().requires_grad_(False)
    layer.bias.copy_(normal(6, seed=1))
    x = normal(2, inputs, 8, 8, seed=2)
    size = 8 + 2 * padding - kernel + 1
    padded = np.pad(x.numpy(), ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    weight = layer.weight.numpy() * gain / math.sqrt(inputs * kernel**2)
    wanted = np.zeros((2, 6, size, size)) + layer.bias.numpy()[:, None, None]
    for i in range(kernel):
        for j in range(kernel):
            wanted += np.einsum("oc,nchw->nohw", weight[:, :, i, j], padded[:, :, i : i + size, j : j + size])
    assert np.allclose(layer(x).numpy(), wanted, atol=1e-12)


@pytest.mark.parametrize("inputs", [4, 400])
def test_fresh_layers_of_any_width_keep_the_scale(inputs):
    """Weights of variance 1 give outputs of variance gain^2 x the inputs' mean square: what the scale is for."""
    torch.manual_seed(0)
    answers = EqualizedConvolution(inputs, 300, 3, gain=1.0)(normal(40, inputs, 3, 3).float())
    assert answers.var().item() == pytest.approx(1, abs=0.1)


def test_a_bias_may_be_one_for_each_pixel():
    layer = EqualizedConvolution(3, 2, 4, padding=3, bias_size=(4, 4)).requires_grad_(False)
    layer.bias.copy_(normal(2, 4, 4).float())
    assert torch.equal(layer(torch.zeros(5, 3, 1, 1)), layer.bias.expand(5, 2, 4, 4))
