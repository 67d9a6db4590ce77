"""Codes to show: seeds, classes, style mixing, truncation, and files."""

import json

import numpy as np
import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.generators.networks.dcgan import DCGAN
from ganatomy.generators.networks.progan import ProGAN
from ganatomy.generators.networks.stylegan2 import StyleGAN2
from ganatomy.latent.codes import Drawing, draw, read_codes


@pytest.fixture
def G():
    """A generator with a code for each of 6 layers, and a mean code."""
    torch.manual_seed(0)
    network = StyleGAN2(codes=[6, 8, 7], channels=[5, 4, 3]).eval()
    network.w_avg.normal_()
    return network


def mapped(network, seed):
    with torch.no_grad():
        return network.mapping(network.draw(1, seed))


def test_samples_are_the_codes_of_their_seeds(G):
    samples = Drawing(seeds=[3, 7], psi=1).codes(G)
    assert samples.names == ("seed 3", "seed 7")
    assert torch.equal(samples.z, torch.cat([G.draw(1, 3), G.draw(1, 7)]))
    assert torch.allclose(samples.ws, torch.cat([mapped(G, 3), mapped(G, 7)]), atol=1e-6)
    together = Drawing(n=4, seed=5, psi=1).codes(G)
    assert together.names == ("sample 0", "sample 1", "sample 2", "sample 3")
    assert torch.equal(together.z, G.draw(4, 5))
    assert not together.ws.requires_grad


def test_mixed_layers_are_those_of_the_other_seed_and_the_others_stay(G):
    plain = Drawing(seeds=[3, 7], psi=1).codes(G).ws
    samples = Drawing(seeds=[3, 7], mix=[(9, "2:4"), (11, [5])], psi=1).codes(G)
    assert samples.names == ("seed 3 + seed 9 + seed 11", "seed 7 + seed 9 + seed 11")
    assert torch.equal(samples.ws[:, [0, 1, 4]], plain[:, [0, 1, 4]])
    assert torch.allclose(samples.ws[:, 2:4], mapped(G, 9)[:, 2:4].expand(2, -1, -1), atol=1e-6)
    assert torch.allclose(samples.ws[:, 5], mapped(G, 11)[:, 5].expand(2, -1), atol=1e-6)
    assert torch.equal(samples.z, Drawing(seeds=[3, 7], psi=1).codes(G).z)


def test_of_two_that_take_a_layer_the_later_has_it(G):
    samples = Drawing(seeds=[3], mix=[(9, "all"), (11, "1:3")], psi=1).codes(G)
    only = Drawing(seeds=[9], mix=[(11, "1:3")], psi=1).codes(G)
    assert torch.allclose(samples.ws, only.ws, atol=1e-6)


def test_truncation_acts_after_mixing(G):
    samples = Drawing(seeds=[3], psi=0.5, cutoff=4, mix=[(9, "2:")]).codes(G)
    untouched = Drawing(seeds=[3], mix=[(9, "2:")], psi=1).codes(G)
    assert torch.equal(samples.ws, G.truncate(untouched.ws, 0.5, 4))
    assert torch.equal(samples.ws[:, 4:], untouched.ws[:, 4:])
    assert (samples.ws[:, :4] - untouched.ws[:, :4]).abs().max() > 0.1


def test_what_is_not_said_is_as_published(G):
    plain = Drawing(seeds=[3, 7], psi=1).codes(G).ws
    assert torch.allclose(plain, torch.cat([mapped(G, 3), mapped(G, 7)]), atol=1e-6)
    for drawing in (Drawing(seeds=[3, 7]), Drawing(seeds=[3, 7], psi=0.7, cutoff=8)):
        assert drawing.truncation(G) == (0.7, 8)
        assert torch.equal(drawing.codes(G).ws, G.truncate(plain, 0.7, 8))
    assert Drawing(psi=0.5).truncation(G) == (0.5, None)
    network = DCGAN([6, 5, 3], [4, 4])
    for drawing in (Drawing(), Drawing(psi=1), Drawing(psi=1, cutoff=3)):
        assert drawing.truncation(network) is None
        assert torch.equal(drawing.codes(network).ws[:, 0], network.draw(5))


@pytest.mark.parametrize("network", [ProGAN(6, [4]), DCGAN([6, 5, 3], [4, 4])], ids=["progan", "dcgan"])
def test_edits_of_w_are_refused_where_there_is_only_z(network):
    with pytest.raises(InputError, match="mixing needs a code for each layer, as StyleGAN and StyleGAN2 take"):
        Drawing(n=2, mix=[(1, "0")]).codes(network)
    with pytest.raises(InputError, match="no mean code to truncate towards; leave the truncation"):
        Drawing(n=2, psi=0.7).codes(network)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"mix": [(1, "4:8")]}, "layers: 6 is none of this generator's, which has layers 0 to 5"),
        ({"mix": [(1, [-1])]}, "layers: -1 is none of this generator's"),
        ({"mix": [(-1, "0")]}, "seed -1: give a whole number"),
        ({"cutoff": 3}, "cutoff 3 says which layers are truncated; give `psi`, how far, too"),
        ({"psi": float("nan")}, "psi nan: give a finite number"),
        ({"class_name": "cat"}, "this generator has no classes; leave `class_name` out"),
        ({"n": 2.5}, "cannot draw 2.5 codes: give a whole number"),
        ({"n": True}, "cannot draw True codes"),
        ({"n": 0}, "0 samples: give 1 to 10000"),
    ],
)
def test_what_cannot_be_drawn_is_refused(how, message, G):
    with pytest.raises(InputError, match=message):
        Drawing(**how).codes(G)


def test_classes_come_in_turn_or_all_as_asked():
    network = DCGAN([10, 5, 3], [4, 4], classes=["blue", "green", "red"])
    samples = Drawing(n=4).codes(network)
    assert samples.names == ("sample 0, blue", "sample 1, green", "sample 2, red", "sample 3, blue")
    assert samples.ws[:, 0, 7:].argmax(dim=1).tolist() == [0, 1, 2, 0]
    one = Drawing(n=2, class_name="green").codes(network)
    assert one.ws[:, 0, 7:].argmax(dim=1).tolist() == [1, 1]
    with pytest.raises(InputError, match="unknown class 'gren'; did you mean 'green'"):
        Drawing(n=2, class_name="gren").codes(network)


def test_unmapped_codes_of_a_progan_are_as_they_were_drawn():
    network = ProGAN(6, [4])
    samples = Drawing(n=3, mapped=False).codes(network)
    assert torch.equal(samples.ws[:, 0], network.draw(3))
    assert torch.equal(Drawing(n=3).codes(network).ws, network.mapping(network.draw(3)))


def test_codes_with_a_mapping_network_are_always_mapped(G):
    assert torch.equal(Drawing(n=2, mapped=False).codes(G).ws, Drawing(n=2).codes(G).ws)


def test_one_code_is_the_same_in_a_batch_and_batches_are_the_same_whatever_their_number(G):
    for drawing in (Drawing(n=1, seed=4), Drawing(n=1, seed=4, psi=0.5, mix=[(9, "2:")])):
        assert torch.equal(next(drawing.batches(G)), drawing.codes(G).ws)
    few, many = (list(Drawing(n=n, seed=4, psi=1).batches(G, 3)) for n in (7, 9))
    assert [len(ws) for ws in few] == [3, 3, 1]
    assert all(torch.equal(few[i], many[i]) for i in range(2))
    random = torch.Generator().manual_seed(4)
    assert torch.equal(few[0], G.mapping(torch.randn(3, G.z_dim, generator=random)))


def test_classes_go_on_in_turn_from_batch_to_batch_unless_all_are_of_one():
    network = DCGAN([10, 5, 3], [4, 4], classes=["blue", "green", "red"])
    for drawing, expected in (
        (Drawing(n=5), [0, 1, 2, 0, 1]),
        (Drawing(n=5).of_one_class(network), [0] * 5),
        (Drawing(n=5, class_name="red").of_one_class(network), [2] * 5),
    ):
        assert torch.cat(list(drawing.batches(network, 2)))[:, 0, 7:].argmax(dim=1).tolist() == expected
    assert Drawing().of_one_class(DCGAN([10, 5, 3], [4, 4])).class_name is None


def test_what_is_measured_is_drawn_alike_of_another_seed(G):
    shown = Drawing(seeds=[3, 7], seed=2**32 - 1, psi=0.5, mix=[(9, "2:")], mapped=False)
    measured = shown.measured(100)
    assert (measured.n, measured.seed, measured.seeds) == (100, 2**31 - 1, None)
    assert (measured.psi, measured.mix, measured.mapped) == (0.5, shown.mix, False)
    assert measured.later(2**31 + 1).seed == 0


def test_seeds_and_files_do_not_come_in_batches(G):
    with pytest.raises(InputError, match="do not come in batches; give n and a seed"):
        next(Drawing(seeds=[3]).batches(G))


def test_it_tells_how_codes_are_drawn_and_leaves_out_what_does_not_apply(G):
    assert Drawing(seed=5).told(DCGAN([6, 5, 3], [4, 4])) == {"seed": 5}
    told = Drawing(seeds=np.array([3, 7]), psi=0.5, mix=[(9, range(2))]).told(G)
    assert json.loads(json.dumps(told)) == {"seeds": [3, 7], "psi": 0.5, "mix": [[9, "0:2"]]}


def test_what_is_mixed_in_is_shown_alone(G):
    drawing = Drawing(seeds=[3, 7], psi=0.5, mix=[(9, "2:4"), (11, [0, 1, 3])])
    mixed = drawing.mixed(G)
    assert mixed.names == ("seed 9, layers 2:4", "seed 11, layers 0:2,3")
    assert torch.equal(mixed.ws, Drawing(seeds=[9, 11], psi=0.5).codes(G).ws)
    assert drawing.mixed(G).called("zh")[0] == "种子 9，层 2:4"
    assert Drawing().mixed(G) is None


def test_names_are_told_in_either_language(G):
    network = DCGAN([10, 5, 3], [4, 4], classes=["blue", "green"])
    assert Drawing(n=2).codes(network).called("en") == ["sample 0, blue", "sample 1, green"]
    assert Drawing(seeds=[3]).codes(network).called("zh") == ["种子 3，blue"]
    assert Drawing(n=1, mix=[(9, "0")]).codes(G).called("zh") == ["样本 0 + 种子 9"]


def test_draw_is_a_drawing_in_one_call(G):
    samples = draw(G, seeds=[3, 7], psi=0.5, mix=[(9, "2:")])
    assert torch.equal(samples.ws, Drawing(seeds=[3, 7], psi=0.5, mix=[(9, "2:")]).codes(G).ws)
    assert len(draw(G)) == 16
    assert repr(draw(G, 6)) == "Samples(6 of (6, 7): sample 0, sample 1, sample 2, sample 3, ...)"


# Codes of a file


def test_samples_that_were_kept_are_met_again(G, tmp_path):
    samples = Drawing(n=3, psi=0.5).codes(G)
    np.savez(tmp_path / "codes.npz", z=samples.z.numpy(), ws=samples.ws.numpy(), names=np.array(samples.names))
    again = Drawing(file=tmp_path / "codes.npz").codes(G)
    assert torch.equal(again.z, samples.z)
    assert torch.equal(again.ws, samples.ws)
    assert again.names == samples.names
    with pytest.raises(InputError, match="mapped, and taken as they are; leave `psi` out"):
        Drawing(file=tmp_path / "codes.npz", psi=0.7).codes(G)


def test_z_of_a_file_are_used_like_drawn_ones(G, tmp_path):
    np.save(tmp_path / "z.npy", G.draw(5).numpy().astype(np.float64))
    found = Drawing(file=tmp_path / "z.npy", psi=0.5).codes(G)
    assert torch.equal(found.ws, Drawing(n=5, psi=0.5).codes(G).ws)
    assert found.names == tuple(f"sample {i}" for i in range(5))
    np.save(tmp_path / "ws.npy", found.ws.numpy())
    kept = Drawing(file=tmp_path / "ws.npy").codes(G)
    assert torch.equal(kept.ws, found.ws)
    assert kept.z is None


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"z": np.zeros((2, 5))}, r"its codes are of shape \(5,\), and this generator takes \(6,\)"),
        ({"ws": np.zeros((2, 6, 5))}, r"its codes are of shape \(6, 5\), and this generator takes \(6, 7\)"),
        ({"z": np.full((2, 6), np.nan)}, "give finite numbers"),
        ({"z": np.zeros((2, 6), int)}, "its z are int64"),
        ({"ws": np.zeros((2, 6))}, "its ws are float64"),
        ({"y": np.zeros((2, 6))}, "has neither z nor ws; give codes"),
    ],
)
def test_what_is_no_code_of_the_generator_is_refused_in_one_line(G, tmp_path, arrays, message):
    np.savez(tmp_path / "codes.npz", **arrays)
    with pytest.raises(InputError, match=f"{message}[^\n]*$"):
        Drawing(file=tmp_path / "codes.npz").codes(G)


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 no archive", b"text"])
def test_what_is_no_file_of_codes_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "codes.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=f"{path}: [^\n]*$"):
        read_codes(path)
