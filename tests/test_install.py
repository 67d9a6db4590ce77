"""What is installed is what the files of the repository say: versions, locked packages, data, the command."""

import re
from importlib import metadata, resources
from pathlib import Path

import pytest
import yaml  # PyYAML, which pre-commit brings
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import ganatomy
from ganatomy.fitting.recipes.recipe import tomllib  # tomli on Python 3.10

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = [
    Requirement(line.split("#")[0])
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    if line.split("#")[0].strip()
]


def locked(python: str) -> dict[str, str]:
    """Return the locked version of each package, by name, for a version of Python."""
    pins: dict[str, str] = {}
    for pin in LOCK:
        if pin.marker is None or pin.marker.evaluate({"python_version": python, "sys_platform": "linux"}):
            assert canonicalize_name(pin.name) not in pins, f"{pin.name} is locked twice for Python {python}"
            pins[canonicalize_name(pin.name)] = str(pin.specifier).removeprefix("==")
    return pins


def test_the_lock_names_exact_versions_and_no_place() -> None:
    for pin in LOCK:
        assert re.fullmatch(r"==[0-9][0-9a-z.]*", str(pin.specifier)), pin
        assert pin.url is None, pin


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.13"])
def test_the_lock_satisfies_the_project(python: str) -> None:
    pins = locked(python)
    extras = PROJECT["optional-dependencies"]
    brought = ("dask", "faces", "tensorboard")  # by the development extra
    for text in (*PROJECT["dependencies"], *extras["dev"], *(text for extra in brought for text in extras[extra])):
        wanted = Requirement(text)
        if wanted.name == PROJECT["name"]:
            assert wanted.extras <= set(brought)
        elif wanted.marker is None or wanted.marker.evaluate({"python_version": python}):
            assert wanted.specifier.contains(pins[canonicalize_name(wanted.name)]), f"{text} and {pins[wanted.name]}"


def test_one_version_everywhere() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    released = re.search(r"^## \[(\d.*?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    versions = {
        "pyproject.toml": PROJECT["version"],
        "ganatomy.__version__": ganatomy.__version__,
        "CITATION.cff": citation["version"],
        "CHANGELOG.md": released and released[1],
        "installed": metadata.version("ganatomy"),
    }
    assert len(set(versions.values())) == 1, versions


def test_the_citation_has_what_its_format_asks_for() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["message"]
    assert citation["title"]
    assert citation["authors"] == PROJECT["authors"]
    assert citation["license"] == PROJECT["license"]


def test_pre_commit_runs_the_locked_ruff() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    revisions = {repository["repo"].rsplit("/", 1)[1]: repository["rev"] for repository in config["repos"]}
    assert revisions["ruff-pre-commit"] == "v" + locked("3.11")["ruff"]


def test_data_and_command_are_installed() -> None:
    package = resources.files("ganatomy")
    assert (package / "py.typed").is_file()
    assert (package / "fitting" / "recipes" / "recommended.toml").is_file()
    (command,) = metadata.entry_points(group="console_scripts", name="ganatomy")
    assert callable(command.load())
