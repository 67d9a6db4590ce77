"""Whatever library multiplies, the products are those of float32, and nothing of the setting is left behind."""

import numpy as np
import pytest
import torch

from ganatomy import execution as products
from ganatomy.execution import swift_products
from ganatomy.fitting.recipes.recipe import load_recipe
from ganatomy.fitting.training.trainer import Trainer

SHAPES = [(256, 2, 64), (256, 64, 256), (256, 256, 512), (512, 256, 256), (100, 512, 1)]


def _precision():
    return products._SETTING and products._SETTING.fp32_precision


@pytest.mark.parametrize(("n", "k", "m"), SHAPES)
def test_products_are_as_exact_as_float32_allows(n, k, m):
    random = torch.Generator().manual_seed(0)
    a, b = torch.randn(n, k, generator=random), torch.randn(m, k, generator=random)
    exact = a.double() @ b.double().T
    with swift_products():
        found = a @ b.T
    # The bound on rounding a sum of k products, in any order; factors rounded to bfloat16 would break it.
    bound = k * 2**-24 * (a.abs().double() @ b.abs().double().T)
    assert ((found - exact).abs() <= bound).all()
    rounded = a.bfloat16().double() @ b.bfloat16().double().T
    assert ((rounded - exact).abs() > bound).any()


def test_the_setting_is_left_as_it_was_whatever_happens():
    before = _precision()
    with swift_products():
        pass
    assert _precision() == before
    with pytest.raises(KeyError), swift_products():
        raise KeyError
    assert _precision() == before
    next(iter(Trainer(np.random.default_rng(0).normal(size=(600, 2)), load_recipe("course"))))
    assert _precision() == before
    assert torch.get_float32_matmul_precision() == "highest"


@pytest.mark.skipif(products._SETTING is None, reason="this PyTorch has no such setting")
@pytest.mark.parametrize("exact", [True, False])
def test_rounding_is_allowed_only_where_nothing_is_rounded(monkeypatch, exact):
    monkeypatch.setattr(products, "_exact", lambda: exact)
    with swift_products():
        assert (_precision() == "bf16") == exact


@pytest.mark.parametrize("rounds", [True, False])
def test_a_library_that_rounds_is_noticed(monkeypatch, rounds):
    class Rounding:
        fp32_precision = "none"

    if products._SETTING is None:
        pytest.skip("this PyTorch has no such setting")
    monkeypatch.setattr(products, "_SETTING", Rounding)
    matmul = torch.Tensor.__matmul__
    rounded = lambda a, b: matmul(a.bfloat16(), b.bfloat16()).float()  # noqa: E731
    monkeypatch.setattr(torch.Tensor, "__matmul__", rounded if rounds else matmul)
    assert products._exact.__wrapped__() != rounds
