"""Bad input through the command line: one line on standard error, exit code 2, and nothing written or lost."""

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from ganatomy.errors import InputError
from ganatomy.execution import use_threads
from ganatomy.fitting.points.distributions import DISTRIBUTIONS
from ganatomy.fitting.recipes.recipe import OBJECTIVES, load_recipe

QUICK = settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def _tree(folder):
    return {path: path.is_file() and path.read_bytes() for path in sorted(Path(folder).rglob("*"))}


@pytest.fixture
def refused(cli, tmp_path):
    """Run a command that must be refused; return its one line, after seeing that no file was made or changed."""

    def run(*arguments):
        before = _tree(tmp_path)
        line = cli(*arguments).refusal
        assert "Traceback" not in line
        assert _tree(tmp_path) == before
        return line

    return run


# Files


def _cloud(n=400, dim=2):
    return np.random.default_rng(0).normal(size=(n, dim))


def _with(value, *places):
    cloud = _cloud()
    for place in places:
        cloud[place] = value
    return cloud


FILES = {
    "missing": ("gone.csv", None, ["gone.csv", "no such file"]),
    "missing, no ending": ("gone", None, ["gone", "no such file"]),
    "almost a distribution": ("rings", None, ["'ring'"]),
    "too long a name": ("x" * 300, None, ["x" * 20]),
    "too long a file name": ("x" * 300 + ".csv", None, ["x" * 20]),
    "no name": ("", None, ["''"]),
    "a folder": ("here", lambda p: p.mkdir(), ["here", "folder"]),
    "empty": ("empty.csv", lambda p: p.write_bytes(b""), ["empty"]),
    "empty array": ("e.npy", lambda p: np.save(p, np.zeros((0, 2))), ["(0, 2)"]),
    "only a header": ("h.csv", lambda p: p.write_text("x,y\n"), ["h.csv"]),
    "text for numbers": ("t.csv", lambda p: p.write_text("x,y\n1,2\n3,four\n"), ["line 3", "'four'"]),
    "prose": ("t.txt", lambda p: p.write_text("It was a dark night.\nIt rained.\n"), ["t.txt"]),
    "ragged": ("t.csv", lambda p: p.write_text("1,2\n3,4\n5\n"), ["line 3"]),
    "unknown ending": ("points.xlsx", lambda p: p.write_bytes(b"PK"), [".xlsx", ".csv"]),
    "damaged": ("points.npy", lambda p: p.write_bytes(b"\x93NUMPY\x01"), ["points.npy"]),
    "objects": ("o.npy", lambda p: np.save(p, np.array([{}, 1]), allow_pickle=True), ["o.npy"]),
    "complex": ("c.npy", lambda p: np.save(p, _cloud() * 1j), ["complex"]),
    "a NaN": ("n.npy", lambda p: np.save(p, _with(np.nan, (6, 1))), ["1 of 400 rows", "row 7"]),
    "infinities": ("n.csv", lambda p: np.savetxt(p, _with(np.inf, 10, 20, 30)), ["3 of 400 rows", "row 11"]),
    "one distinct point": ("s.npy", lambda p: np.save(p, np.ones((400, 2))), ["400", "same point"]),
    "a constant column": ("k.npy", lambda p: np.save(p, _with(3.0, np.s_[:, 1])), ["constant", "column 1"]),
    "one row": ("r.npy", lambda p: np.save(p, _cloud(1)), ["two points"]),
    "three axes": ("a.npy", lambda p: np.save(p, np.zeros((4, 5, 6))), ["(4, 5, 6)"]),
    "fewer than a batch": ("f.npy", lambda p: np.save(p, _cloud(200)), ["171", "256", "--batch-size"]),
    "too many candidates": (
        "m.mat",
        lambda p: savemat(p, {"a": _cloud(), "b": _cloud()}),
        ["--variable", "a (400, 2)"],
    ),
}


@pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["", "dry-run"])
@pytest.mark.parametrize(("name", "make", "words"), FILES.values(), ids=FILES)
def test_a_file_that_holds_no_points_is_refused(refused, name, make, words, dry):
    if make is not None:
        make(Path(name))
    line = refused("fit", name, *dry)
    assert all(word in line for word in words), line


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--variable", "zz"], ["'zz'", "aa", "bb"]),
        (["--variable", "aaa"], ["did you mean 'aa'"]),
        (["--variable", ""], ["variable"]),
        (["--variable", "aa", "--train-size", "500"], ["500", "400", "--train-size"]),
        (["--variable", "aa", "--train-size", "400"], ["400"]),
        (["--variable", "aa", "--train-size", "0"], ["0"]),
        (["--variable", "aa", "--train-size", "-7"], ["-7"]),
        (["--variable", "aa", "--train-size", "100"], ["100", "256"]),
        (["--variable", "aa", "--train-size", "397"], ["6"]),
        (["--variable", "aa", "--train-size", "399"], ["held"]),
    ],
    ids=str,
)
@pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["", "dry-run"])
def test_a_wrong_variable_or_split_is_refused(refused, flags, words, dry):
    savemat("two.mat", {"aa": _cloud(), "bb": _cloud(300)})
    line = refused("fit", "two.mat", *flags, *dry)
    assert all(word in line for word in words), line


def test_a_variable_of_a_distribution_is_refused(refused):
    assert "ring" in refused("fit", "ring", "--variable", "xx")


# Flags

FLAGS = [
    (["--objective", "wgan_gp"], ["did you mean 'wgan-gp'"]),
    (["--objective", "GAN"], ["'gan'"]),
    (["--objective", ""], ["objective", "wgan-gp"]),
    (["--optimizer", "adamm"], ["did you mean 'adam'"]),
    (["--optimizer", "lbfgs"], ["lbfgs", "adam"]),
    (["--optimizer", ""], ["optimizer"]),
    (["--recipe", "recomended"], ["did you mean 'recommended'"]),
    (["--recipe", "gone.toml"], ["gone.toml"]),
    (["--recipe", "/"], ["recipe"]),
    (["--recipe", ""], ["recipe"]),
    (["--device", "quantum"], ["quantum", "cpu"]),
    (["--device", "cuda:99"], ["cuda:99", "cpu"]),
    (["--device", "meta"], ["meta", "cpu"]),
    (["--device", "mkldnn"], ["mkldnn", "cpu"]),
    (["--device", ""], ["device"]),
    (["--lr", "-1"], ["lr", "-1"]),
    (["--lr", "0"], ["lr"]),
    (["--lr", "nan"], ["lr", "nan"]),
    (["--lr", "inf"], ["lr", "inf"]),
    (["--lr", "1e99"], ["lr", "1e+99"]),
    (["--epochs", "0"], ["epochs", "0"]),
    (["--epochs", "-5"], ["epochs", "-5"]),
    (["--epochs", "9" * 30], ["epochs"]),
    (["--batch-size", "1"], ["batch_size"]),
    (["--batch-size", "0"], ["batch_size"]),
    (["--batch-size", "351"], ["350", "351", "--batch-size"]),
    (["--latent-dim", "0"], ["latent.dim"]),
    (["--latent-dim", "99999999"], ["latent.dim"]),
    (["--seed", "-1"], ["seed", "-1"]),
    (["--seed", "9" * 30], ["seed"]),
    (["--threads", "0"], ["threads", "0"]),
    (["--threads", "-1"], ["threads"]),
    (["--threads", "99999"], ["threads"]),
    # What is not even a number, or no flag at all
    (["--epochs", "many"], ["epochs"]),
    (["--epochs", "1.5"], ["epochs"]),
    (["--lr", "fast"], ["lr"]),
    (["--seed", "x"], ["seed"]),
    (["--epoch"], ["--epochs"]),
    (["--ephocs", "3"], ["--epochs"]),
    (["--lr"], ["lr"]),
    (["another"], ["another"]),
    # --set
    (["--set", "nonsense"], ["nonsense", "KEY=VALUE"]),
    (["--set", ""], ["KEY=VALUE"]),
    (["--set", "=3"], ["KEY=VALUE"]),
    (["--set", "a..b=3"], ["KEY=VALUE"]),
    (["--set", "epoch=3"], ["did you mean 'epochs'"]),
    (["--set", "source=course"], ["source"]),
    (["--set", "objective=3"], ["objective"]),
    (["--set", "objective=wgam"], ["wgan"]),
    (["--set", "generator=3"], ["generator"]),
    (["--set", "generator.hiden=[3]"], ["did you mean 'generator.hidden'"]),
    (["--set", "generator.hidden=[]"], ["generator.hidden"]),
    (["--set", "generator.hidden=[0]"], ["generator.hidden"]),
    (["--set", "generator.hidden=wide"], ["generator.hidden"]),
    (["--set", "generator.normalization=[\"none\"]"], ["normalization"]),
    (["--set", "penalties.gradient=-1"], ["penalties.gradient", "-1"]),
    (["--set", "penalties.clip=0.1"], ["clip"]),  # the course's wgan-gp has a gradient penalty
    (["--set", "averaging=1"], ["averaging"]),
    (["--set", "snapshots=0"], ["snapshots"]),
    (["--set", "standardize=perhaps"], ["standardize"]),
    (["--set", "optimizer.options.momentun=0.9"], ["momentum"]),
    (["--set", "optimizer.options.momentum=-1"], ["momentum"]),
    (["--set", "optimizer.options.momentum=fast"], ["momentum"]),
]  # fmt: skip


@pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["", "dry-run"])
@pytest.mark.parametrize(("flags", "words"), FLAGS, ids=[" ".join(flags) for flags, _ in FLAGS])
def test_a_flag_that_makes_no_sense_is_refused(refused, flags, words, dry):
    np.save("points.npy", _cloud())
    line = refused("fit", "points.npy", "--train-size", "350", *flags, *dry)
    assert all(word in line for word in words), line


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is one")
@pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["", "dry-run"])
def test_cuda_where_there_is_none_is_refused(refused, dry):
    line = refused("fit", "ring", "--device", "cuda", *dry)
    assert "cuda" in line
    assert "use cpu or auto" in line


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["evaluate"], ["animate"], ["--nonsense"], ["recipes", "a", "b"], ["fit", "--set"]],
    ids=" ".join,
)
def test_a_command_that_makes_no_sense_is_refused(refused, arguments):
    refused(*arguments)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited by Linux's means")
def test_networks_that_do_not_fit_in_memory_are_refused(tmp_path):
    import resource

    program = "from ganatomy.cli import main; main()"
    command = ["fit", "ring", "--set", f"generator.hidden={[16384] * 32}", "--set", "generator.normalization=none"]
    done = subprocess.run(
        [sys.executable, "-c", program, *command], capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30)),
    )  # fmt: skip
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1), done.stderr[-500:]
    assert not any(tmp_path.iterdir())


# Recipe files


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", []),  # an empty recipe is refused for what it lacks
        (b"epochs = \n", ["mine.toml"]),
        (b"\xff\xfe\x00", ["mine.toml"]),
        (b"epoch = 3\n", ["did you mean 'epochs'"]),
        (b"epochs = 'many'\n", ["epochs", "many"]),
        (b"[penalties]\ngradient = -1\n", ["penalties.gradient"]),
        (b"[for.wgam]\nepochs = 3\n", ["wgan"]),
        (b"optimizer = 'adam'\n", ["optimizer"]),
        (b"a." * 3000 + b"b = 1\n", ["mine.toml"]),
    ],
)
@pytest.mark.parametrize("verb", [["fit", "ring", "--recipe"], ["recipes"]], ids=["fit", "recipes"])
def test_a_recipe_file_that_is_none_is_refused(refused, content, words, verb):
    Path("mine.toml").write_bytes(content)
    line = refused(*verb, "mine.toml")
    assert all(word in line for word in words), line


# Where to write


@pytest.mark.parametrize(
    "out",
    [
        "file",
        "file/run",
        "x" * 300,
        pytest.param("/proc/run", marks=pytest.mark.skipif(sys.platform != "linux", reason="/proc takes no folders")),
        pytest.param(
            "locked/run", marks=pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write")
        ),
    ],
)
@pytest.mark.parametrize("force", [[], ["--force"]], ids=["", "force"])
def test_a_folder_that_cannot_be_written_to_is_refused(refused, points_file, tiny, out, force):
    Path("file").write_text("precious", encoding="utf-8")
    Path("locked").mkdir(mode=0o555)
    line = refused("fit", points_file, *tiny, "--epochs", "1", "--out", out, *force)
    assert out[:50] in line
    assert "--out" in line


@pytest.mark.usefixtures("_no_pictures")
@pytest.mark.parametrize(
    "name", ["recipe.toml", "checkpoint.pt", "losses.csv", "generator.safetensors", "summary.json"]
)
def test_a_disk_that_fills_up_ends_in_one_line(cli, points_file, tiny, tmp_path, name, monkeypatch):
    replace = os.replace

    def full(source, target, **folders):
        if Path(target).name == name:
            raise OSError(28, "No space left on device")
        return replace(source, target, **folders)

    command = ["fit", points_file, *tiny, "--epochs", "1", "--out", tmp_path / "run"]
    with monkeypatch.context() as patched:
        patched.setattr("os.replace", full)
        result = cli(*command)
    assert (result.code, result.out) == (2, "")
    (line,) = (line for line in result.err.splitlines() if not line.startswith("epoch "))
    assert name in line
    assert "No space left" in line
    assert not [path for path in (tmp_path / "run").iterdir() if path.name.endswith(".part")]
    assert cli(*command).code == 0  # once there is room


def test_a_full_disk_under_standard_output_is_no_traceback():
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from ganatomy.cli import main; main()", "recipes", "course"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode != 0
    assert "Traceback" not in done.stderr


# From Python


@pytest.mark.parametrize("count", [0, -1, 1025, 1.5, "2", None])
def test_threads_that_cannot_be_are_refused(count):
    before = torch.get_num_threads()
    with pytest.raises(InputError, match="threads"), use_threads(count):
        pass
    assert torch.get_num_threads() == before


# Fuzzing


def _survives(cli, *arguments):
    """Only an exit code of 0, or a refusal of one line; any other exception gets through and fails the test."""
    result = cli(*arguments)
    assert result.code in {0, 2}, result
    if result.code == 2:
        assert result.refusal
        assert result.err.replace("\n", "").isprintable(), ascii(result.err)
    return result


def _container(folder, kind, values):
    path = Path(folder) / f"seed{kind}"
    if kind == ".npy":
        np.save(path, values)
    elif kind == ".npz":
        np.savez(path, xx=values, b=values[:, 0])
    elif kind == ".mat":
        savemat(path, {"xx": values, "name": "points"}, do_compression=True)
    else:
        np.savetxt(path, values, delimiter=",", header="x,y", comments="")
    return path.read_bytes()


KINDS = (".csv", ".tsv", ".txt", ".npy", ".npz", ".mat")


@QUICK
@given(kind=st.sampled_from([*KINDS, ".parquet", ".toml", ""]), content=st.binary(max_size=400))
@example(kind=".mat", content=b"\x89HDF\r\n\x1a\n" + b"\0" * 600)
def test_random_bytes_for_points_make_no_traceback(cli, tmp_path, kind, content):
    path = tmp_path / f"points{kind}"
    path.write_bytes(content)
    assert _survives(cli, "fit", path, "--dry-run", "--batch-size", "2").code in {0, 2}
    _survives(cli, "evaluate", path, "ring")


@QUICK
@given(kind=st.sampled_from(KINDS), data=st.data())
def test_a_few_wrong_bytes_in_a_file_of_points_make_no_traceback(cli, tmp_path, kind, data):
    with tempfile.TemporaryDirectory() as folder:
        content = bytearray(_container(folder, kind, _cloud(20)))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / f"points{kind}"
    path.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    _survives(cli, "fit", path, "--dry-run", "--batch-size", "4")


NUMBERS = st.one_of(
    st.integers(-3, 40), st.floats(), st.sampled_from([2**31, 2**64, 10**30, -(10**30), 20000, 0.5, 1e-300, 1e300])
)
VALUES = st.recursive(
    st.one_of(NUMBERS, st.booleans(), st.text(max_size=8), st.sampled_from(["adam", "sgd", "batch", "layer", "relu"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=2)),
    max_leaves=4,
)
KEYS = st.one_of(
    st.sampled_from(
        [
            *load_recipe("course").model_dump(),
            *(f"{p}.{k}" for p in ("generator", "discriminator") for k in load_recipe("course").model_dump()[p]),
            *(f"penalties.{k}" for k in ("clip", "gradient", "r1", "r2", "decay")),
            *("latent.dim", "latent.distribution", "optimizer", "optimizer.name", "optimizer.lr", "lr", "latent_dim"),
            *("optimizer.options.momentum", "optimizer.options.betas", "generator.optimizer.schedule", "for", "source"),
        ]
    ),
    st.text(max_size=12),
)


def _toml(value):
    """Write a value as TOML writes it inline."""
    import tomli_w

    with contextlib.suppress(Exception):  # what TOML cannot write is a fuzz of its own
        return tomli_w.dumps({"v": {"v": value}}).split("=", 1)[1].strip()
    return str(value)


def _sane(text):
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)  # no command line can hold these


@QUICK
@given(
    assignments=st.lists(
        st.one_of(st.tuples(KEYS, VALUES.map(_toml)).map("=".join), st.text(max_size=20)).filter(_sane), max_size=3
    ),
    objective=st.one_of(st.none(), st.sampled_from(OBJECTIVES)),
    recipe=st.sampled_from(["course", "literature", "recommended"]),
)
@example(assignments=["objective=gan"], objective=None, recipe="course")
@example(assignments=["optimizer.options={}", "optimizer=3"], objective="gan", recipe="course")
@example(assignments=["\x1b[2J=1"], objective="gan", recipe="course")
def test_random_settings_make_no_traceback(cli, points_file, assignments, objective, recipe):
    flags = [word for one in assignments for word in ("--set", one)]
    flags += ["--objective", objective] if objective else []
    _survives(cli, "fit", points_file, "--recipe", recipe, "--batch-size", "50", "--dry-run", *flags)


@QUICK
@given(content=st.one_of(st.binary(max_size=200), st.dictionaries(KEYS.filter(lambda k: "." not in k), VALUES)))
def test_random_recipe_files_make_no_traceback(cli, tmp_path, points_file, content):
    if isinstance(content, dict):
        import tomli_w

        try:
            content = tomli_w.dumps(content).encode()
        except (TypeError, ValueError, UnicodeEncodeError):
            content = repr(content).encode("utf-8", "replace")
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    _survives(cli, "recipes", path)
    _survives(cli, "fit", points_file, "--recipe", path, "--batch-size", "50", "--dry-run")


WORDS = st.one_of(
    st.sampled_from(["--epochs", "--lr", "--seed", "--train-size", "--batch-size", "--device", "--json", "--arrows"]),
    st.sampled_from(["-1", "0", "1", "3", "nan", "1e5", "cpu", "auto", "gan", *DISTRIBUTIONS]),
    st.text(max_size=6).filter(_sane),
)


@QUICK
@given(words=st.lists(WORDS, max_size=5))
def test_random_words_make_no_traceback(cli, words):
    _survives(cli, "fit", "--dry-run", "--batch-size", "2", *words)
    assert not any(Path.cwd().iterdir())
