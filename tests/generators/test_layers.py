"""The building blocks against their formulas."""

import math

import numpy as np
import pytest
import torch

from ganatomy.generators.layers import (
    EqualizedConvolution,
    EqualizedDense,
    convolve_and_double,
    instance_norm,
    modulated_convolution,
    pixel_norm,
    smooth,
    upsample,
    upsample_filtered,
)


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


@pytest.mark.parametrize(("gain", "multiplier"), [(1.0, 1.0), (math.sqrt(2), 0.01)])
def test_a_dense_layer_is_scaled_by_its_inputs_and_its_bias_by_the_multiplier_only(gain, multiplier):
    layer = EqualizedDense(7, 5, gain=gain, multiplier=multiplier).double().requires_grad_(False)
    layer.bias.copy_(normal(5, seed=1))
    x = normal(3, 7, seed=2)
    wanted = multiplier * (x.numpy() @ layer.weight.numpy().T * gain / math.sqrt(7) + layer.bias.numpy())
    assert np.allclose(layer(x).numpy(), wanted, atol=1e-12)


def test_fresh_dense_layers_keep_the_scale_whatever_the_multiplier():
    torch.manual_seed(0)
    for multiplier in (1.0, 0.01):
        answers = EqualizedDense(400, 300, multiplier=multiplier)(normal(40, 400).float())
        assert answers.var().item() == pytest.approx(1, abs=0.1)


def test_an_instance_norm_leaves_each_picture_and_channel_with_mean_0_and_variance_1():
    x = 3 * normal(2, 5, 6, 4) + normal(2, 5, 1, 1, seed=1)
    y = instance_norm(x)
    assert y.mean(dim=(2, 3)).abs().max() < 1e-12
    assert torch.allclose(y.var(dim=(2, 3), correction=0), torch.ones(2, 5).double(), atol=1e-6)
    assert torch.allclose(instance_norm(5 * x + 7), y, atol=1e-6)
    flat = torch.tensor([[[[1e-4, -1e-4]]]], dtype=torch.float64)  # a variance of 1e-8, as the constant under the root
    assert torch.allclose(instance_norm(flat), flat * 1e4 * math.sqrt(0.5))


def spread(x):
    """Put a zero behind every row and every column of pixels."""
    wide = np.zeros((*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3]))
    wide[:, :, ::2, ::2] = x
    return wide


def correlated(x, kernel, before, after):
    """Correlate each channel (N, C, H, W) with one kernel, with zeros around."""
    padded = np.pad(x, ((0, 0), (0, 0), (before, after), (before, after)))
    height, width = (size - len(kernel) + 1 for size in padded.shape[2:])
    return sum(kernel[i, j] * padded[:, :, i : i + height, j : j + width] for i, j in np.ndindex(*kernel.shape))


@pytest.mark.parametrize("taps", [(1.0, 2.0, 1.0), (1.0, 3.0, 3.0, 1.0)])
def test_smoothing_is_a_correlation_with_the_taps_both_ways(taps):
    x = normal(2, 3, 7, 6).numpy()
    kernel = np.outer(taps, taps) / sum(taps) ** 2
    wanted = 2.5 * correlated(x, kernel, 1, 1)
    assert np.allclose(smooth(torch.from_numpy(x), taps, gain=2.5).numpy(), wanted, atol=1e-12)


def test_upsampling_by_a_filter_is_zeros_between_pixels_and_a_correlation():
    x = normal(2, 3, 5, 4).numpy()
    kernel = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 16
    wanted = correlated(spread(x), kernel, 2, 1)
    assert wanted.shape == (2, 3, 10, 8)
    assert np.allclose(upsample_filtered(torch.from_numpy(x)).numpy(), wanted, atol=1e-12)
    inside = upsample_filtered(torch.full((1, 1, 6, 6), 7.0))[:, :, 1:-1, 1:-1]
    assert torch.equal(inside, torch.full_like(inside, 7.0))  # away from the border, flat stays flat


def test_a_doubling_convolution_is_one_of_repeated_pixels_with_the_kernel_turned():
    x, weight = normal(2, 3, 5, 4), normal(6, 3, 3, 3, seed=1)
    wanted = torch.conv2d(upsample(x), weight.flip(2, 3), padding=1)
    assert torch.allclose(convolve_and_double(x, weight), wanted, atol=1e-12)
    assert not torch.allclose(torch.conv2d(upsample(x), weight, padding=1), wanted, atol=0.1)


@pytest.mark.parametrize(("kernel", "double"), [(1, False), (3, False), (3, True)])
@pytest.mark.parametrize("demodulate", [False, True])
def test_a_modulated_convolution_has_weights_of_its_own_for_each_picture(kernel, demodulate, double):
    """By the definition, sample by sample; doubling as zeros between pixels, a full correlation and the filter."""
    x, weight, style = normal(3, 4, 5, 6), normal(2, 4, kernel, kernel, seed=1), normal(3, 4, seed=2)
    pictures = modulated_convolution(x, weight, style, demodulate=demodulate, double=double).numpy()
    taps = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 16
    for picture, one, s in zip(pictures, x.numpy(), style.numpy(), strict=True):
        own = weight.numpy() * s[:, None, None]
        if demodulate:
            own = own / np.sqrt((own**2).sum(axis=(1, 2, 3), keepdims=True) + 1e-8)
        for out in range(2):
            if double:
                wide, margin = spread(one[None])[:, :, :-1, :-1], 2
            else:
                wide, margin = one[None], kernel // 2
            wanted = sum(correlated(wide[:, c : c + 1], own[out, c], margin, margin) for c in range(4))
            wanted = correlated(wanted, taps, 1, 1) if double else wanted
            assert np.allclose(picture[out], wanted[0, 0], atol=1e-12)


def test_demodulated_noise_keeps_variance_1():
    """The purpose of demodulation: inputs of variance 1 give outputs of variance 1, whatever the style."""
    x, weight = normal(2, 30, 40, 40), normal(8, 30, 3, 3, seed=1)
    style = torch.stack([normal(30, seed=2), 100 * normal(30, seed=3).abs()])
    answers = modulated_convolution(x, weight, style)[:, :, 1:-1, 1:-1]
    assert answers.var(dim=(1, 2, 3)).tolist() == pytest.approx([1, 1], abs=0.1)
