"""A run folder: what one fit leaves behind, and how it is found again.

    recipe.toml            the resolved recipe            summary.json          the result, written last
    metrics.csv            a row a snapshot               losses.csv            a row an iteration
    samples.npz            snapshots (S, n, D), epochs (S,), heldout (M, D), fields (S, ...): D's value on a grid
    generator.safetensors  the model (`FittedGAN.load`)   checkpoint.pt         where training stands
    figures/*.png          animation.gif, animation.mp4   log.txt               what happened when
    .ganatomy              the mark of a run's folder     .lock                 held while it is written

A folder with a summary is finished and is never changed unless told to; one without is resumed by the same recipe,
seed and points, and by nothing else: their digest, the *fingerprint*, is in the checkpoint. Files appear whole or not
at all. No file needs a pickle to be read, and the checkpoint is read by PyTorch's weights-only reader.
"""

import csv
import hashlib
import json
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout

from ganatomy import config
from ganatomy.errors import InputError
from ganatomy.files import replacing

FORMAT = 1
"""Of the folder: raised when older folders can no longer be read."""

_OWN = (
    *("recipe.toml", "summary.json", "metrics.csv", "losses.csv", "samples.npz", "generator.safetensors"),
    *("checkpoint.pt", "animation.gif", "animation.mp4", "log.txt"),
    *(f"figures/{name}.png" for name in ("final", "film_strip", "losses", "metrics", "latent_grid")),
)


def fingerprint(recipe: config.Recipe, seed: int, *points: np.ndarray) -> str:
    """Digest all that decides a run, so that no other one is resumed by mistake.

    >>> fingerprint(config.load_recipe("course"), 0, np.zeros((2, 2)))[:8]
    '...'
    """
    digest = hashlib.sha256(json.dumps([FORMAT, recipe.model_dump(), seed], sort_keys=True).encode())
    for array in points:
        digest.update(str(array.shape).encode() + np.ascontiguousarray(array, dtype=np.float64).tobytes())
    return digest.hexdigest()


class RunFolder:
    """The folder of one run: opened for writing with `claim`, for reading with `read_*`.

    >>> import tempfile
    >>> folder = RunFolder(Path(tempfile.mkdtemp()) / "run")
    >>> with folder.claim("abc"):
    ...     folder.write_json("summary.json", {"seed": 0, "versions": {"run_folder": FORMAT}})
    >>> folder.finished, folder.read_summary()["seed"]
    (True, 0)
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @property
    def finished(self) -> bool:
        """Whether the run came to its end."""
        return (self.path / "summary.json").is_file()

    @property
    def begun(self) -> bool:
        """Whether a run was ever written here: each leaves its mark before it writes anything else."""
        return (self.path / ".ganatomy").is_file()

    def check(self, mark: str, force: bool = False) -> None:
        """Refuse a folder that the run of this fingerprint must not write to; nothing is changed.

        Raises:
            InputError: a finished run (without force), another run, or a folder that is no run's.
        """
        try:
            present = {entry.name for entry in self.path.iterdir()}
        except FileNotFoundError:
            return
        except NotADirectoryError:
            raise InputError(f"{self.path} is a file or below one; choose another --out") from None
        except OSError as error:
            raise InputError(f"cannot read {self.path}: {error.strerror}; choose another --out") from None
        if present and not self.begun:
            raise InputError(f"{self.path} holds other things ({min(present)}); choose another --out")
        if force:
            return
        if self.finished:
            raise InputError(f"{self.path} holds a finished run; choose another --out, or --force to replace it")
        if (self.path / "checkpoint.pt").exists() and self.read_checkpoint()["fingerprint"] != mark:
            raise InputError(
                f"{self.path} holds an unfinished run of another recipe, seed or data; choose another --out, or "
                f"--force to replace it"
            )

    def claim(self, mark: str, force: bool = False) -> FileLock:
        """Take the folder for the run of this fingerprint, making or (with force) emptying it; hold while writing.

        Raises:
            InputError: as `check`; the folder cannot be made; another process is writing to it.
        """
        self.check(mark, force)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / ".ganatomy").touch()
            lock = FileLock(self.path / ".lock", timeout=0)
            lock.acquire()
        except Timeout:
            raise InputError(f"{self.path} is being written by another process; wait for it or stop it") from None
        except OSError as error:
            raise InputError(f"cannot write to {self.path}: {error.strerror or error}; choose another --out") from None
        try:
            self.check(mark, force)  # again: another process may have been here in between
            for name in _OWN if force else ():
                entry = self.path / name
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink(missing_ok=True)
            for part in self.path.rglob(".*.part"):  # what a kill while writing left behind
                part.unlink()
        except BaseException:
            lock.release()
            raise
        return lock

    def log(self, line: str) -> None:
        """Append a line with the time to log.txt."""
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        try:
            with open(self.path / "log.txt", "a", encoding="utf-8") as file:
                file.write(f"{stamp}  {line}\n")
        except OSError as error:
            raise InputError(f"cannot write {self.path / 'log.txt'}: {error.strerror or error}") from None

    def write_text(self, name: str, text: str) -> None:
        """Write a text file, whole or not at all."""
        with replacing(self.path / name) as part:
            part.write_text(text, encoding="utf-8", newline="\n")

    def write_json(self, name: str, content: Mapping[str, Any]) -> None:
        """Write strict JSON (see `strict_json`)."""
        self.write_text(name, strict_json(content) + "\n")

    def write_table(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Write a CSV file with a header."""
        with replacing(self.path / name) as part, open(part, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(rows)

    def write_arrays(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Write a compressed .npz file."""
        with replacing(self.path / name) as part, open(part, "wb") as file:
            np.savez_compressed(file, **arrays)

    def write_checkpoint(self, content: dict[str, Any]) -> None:
        """Write checkpoint.pt: tensors, numbers, text and plain containers only."""
        with replacing(self.path / "checkpoint.pt") as part:
            try:
                torch.save({"format": FORMAT, **content}, part)
            except RuntimeError as error:  # PyTorch's own writer says so when the disk is full
                raise OSError(f"no room, perhaps ({str(error).splitlines()[0]})") from error

    def read_checkpoint(self) -> dict[str, Any] | None:
        """Read checkpoint.pt, or None when there is none. Nothing in it is executed.

        Raises:
            InputError: the file is damaged or of another version.
        """
        path = self.path / "checkpoint.pt"
        if not path.exists():
            return None
        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
            version, _ = int(content["format"]), content["fingerprint"]
        except Exception as error:  # a damaged file can make the reader raise nearly anything
            kind = type(error).__name__
            raise InputError(
                f"{path}: not a checkpoint of ganatomy, or damaged ({kind}); --force starts anew"
            ) from None
        if version != FORMAT:
            raise InputError(f"{path}: written in format {version}, this version reads {FORMAT}; --force starts anew")
        return content

    def read_summary(self) -> dict[str, Any]:
        """Read summary.json.

        Raises:
            InputError: there is none, or it is damaged or of another version.
        """
        path = self.path / "summary.json"
        if not self.begun:
            raise InputError(f"{self.path} is no run folder; give one that ganatomy fit made, such as runs/NAME")
        if not self.finished:
            raise InputError(f"{self.path} holds no finished run; run the same fit command again to finish it")
        try:
            summary = json.loads(path.read_text(encoding="utf-8"))
            version = summary["versions"]["run_folder"]
        except (OSError, ValueError, LookupError, TypeError):
            raise InputError(f"{path}: damaged; make the run again with --force") from None
        if version != FORMAT:
            raise InputError(f"{path}: written in format {version}, this version reads {FORMAT}")
        return summary

    def read_arrays(self, names: Sequence[str]) -> list[np.ndarray]:
        """Read arrays from samples.npz, without unpickling anything.

        Raises:
            InputError: the file or an array is missing or damaged.
        """
        path = self.path / "samples.npz"
        try:
            with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
                arrays = [file[name] for name in names]
            if any(array.dtype.kind not in "iuf" for array in arrays):
                raise TypeError("not numbers")
            return arrays
        except Exception as error:  # damaged archives raise nearly anything
            raise InputError(f"{path}: missing or damaged ({type(error).__name__}); make the run again") from None


def strict_json(content: Mapping[str, Any]) -> str:
    """Write JSON that every reader takes; numbers that JSON has no word for become null.

    >>> print(strict_json({"ratio": float("nan")}))
    {
      "ratio": null
    }
    """
    return json.dumps(_finite(content), indent=2, ensure_ascii=False, allow_nan=False)


def _finite(content: Any) -> Any:
    """Replace nan and infinities by None, all the way down."""
    if isinstance(content, Mapping):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    if isinstance(content, float) and not np.isfinite(content):
        return None
    return content
