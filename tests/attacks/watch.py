"""A watch over readers of strangers' files: each case in a child of ours, and whatever should not happen is told.

A case ends in one of OUTCOMES. `read` and `refused` (an `InputError` of one printable line) are as it should be; the
others are findings:

    traceback   any other exception, or a refusal that is no printable line
    slow        more time of the processor than the budget allows, or no end
    memory      the process grew by more than `GROWTH` times the budget's bytes
    outside     a file outside the sample's folder was changed, made, removed or opened, a program or a connection begun
    died        the process ended

Not guaranteed: to see what a library reads or connects to in C, beyond a number that stands outside only.
"""

import contextlib
import faulthandler
import hashlib
import multiprocessing
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import psutil

from attacks.kind import SECRET, Kind, Place
from attacks.mutate import mutate
from ganatomy.errors import InputError
from ganatomy.files import budget

OUTCOMES = ("read", "refused", "traceback", "slow", "memory", "outside", "died")
GROWTH = 4  # times the budget's bytes: a library may hold a second copy, and Python its objects, for a moment
_PATIENCE = 3  # times the budget's seconds until a process that does nothing is ended
_ROOM = 3 << 30  # bytes that a child may grow by before the system refuses it more

_WRITES = {  # audit events, with which of their arguments are paths that they change
    **dict.fromkeys(("os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.truncate", "os.utime"), (0,)),
    "os.rename": (0, 1),
    "os.link": (1,),
    "os.symlink": (1,),
    "shutil.rmtree": (0,),
}
_BEGUN = (
    *("os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "subprocess.Popen", "pickle.find_class"),
    *("socket.connect", "socket.getaddrinfo", "socket.sendto", "urllib.Request", "webbrowser.open"),
)


@dataclass(frozen=True)
class Case:
    """A case and how it ended.

    Attributes:
        kind: of the sample.
        number: of the case; with the seed it says everything random.
        attack: what was done to the sample.
        outcome: one of OUTCOMES.
        detail: the refusal, the traceback, or what was seen.
        signature: what is the same for findings of one cause.
        seconds: of the processor.
    """

    kind: str
    number: int
    attack: str = ""
    outcome: str = "read"
    detail: str = ""
    signature: str = ""
    seconds: float = 0.0

    @property
    def found(self) -> bool:
        """Whether it is a finding."""
        return self.outcome not in ("read", "refused")


@dataclass
class Guard:
    """Sees, by Python's audit events, what a process does outside the folder of a case. It stays for good."""

    inside: str = ""
    outside: str = ""
    may_read: tuple[str, ...] = ()
    seen: list[str] = field(default_factory=list)
    watching: bool = False

    def start(self) -> None:
        """Listen to all audit events of this process from now on."""
        sys.addaudithook(self._hear)

    @contextlib.contextmanager
    def over(self, root: Path, may_read: tuple[str, ...] = ()) -> Iterator[list[str]]:
        """Note what is done outside the folder `inside` of a case's root, but for what may be read there."""
        self.may_read = may_read
        self.inside, self.outside, self.seen = str(root / "inside"), str(root / "outside"), []
        self.watching = True
        try:
            yield self.seen
        finally:
            self.watching = False

    def _hear(self, event: str, arguments: tuple) -> None:
        if not self.watching:
            return
        self.watching = False  # what is asked here has events of its own
        try:
            if event == "open":
                self._opened(*arguments)
            elif event in _WRITES:
                folders = arguments[-2:] if event in ("os.rename", "os.link") else arguments[-1:]
                folders = (-1,) if event == "os.truncate" else folders
                for k, place in enumerate(_WRITES[event]):
                    folder = folders[min(k, len(folders) - 1)]
                    self._changed(event, arguments[place], folder if isinstance(folder, int) else -1)
            elif event in _BEGUN:
                self.seen.append(f"{event} {arguments!r:.200}")
        finally:
            self.watching = True

    def _opened(self, path: object, mode: object, flags: object) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return
        writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        whole = _resolved(os.fsdecode(path))
        if writes and not self._ours(whole):
            self.seen.append(f"opens {whole} to write")
        elif (
            os.path.abspath(os.fsdecode(path)).startswith(self.outside) and os.path.basename(whole) not in self.may_read
        ):
            self.seen.append(f"reads {whole}")

    def _changed(self, event: str, path: object, folder: int) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return
        text = os.fsdecode(path)
        if folder >= 0 and not os.path.isabs(text):
            text = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), text)
        whole = os.path.join(_resolved(os.path.dirname(os.path.abspath(text))), os.path.basename(text))
        if not self._ours(whole):
            self.seen.append(f"{event} {whole}")

    def _ours(self, path: str) -> bool:
        """Say whether a path may be written to: the sample's folder, and the process's own temporary one."""
        return (
            path.startswith((self.inside + "/", "/dev/", "/proc/self/")) or path == self.inside or "/fuzz-tmp-" in path
        )


def _resolved(path: str) -> str:
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return path


GUARD = Guard()


def play(kind: Kind, seed: int, number: int, root: Path, shelf: Path) -> Case:
    """Make the sample of a case, attack it, read it, and say how that ended.

    Args:
        kind: of the sample.
        seed: of all cases.
        number: of this one.
        root: an empty folder, in which the sample is left.
        shelf: a folder of what is made once.
    """
    place, chance = _set_up(kind, seed, number, root, shelf)
    case = Case(kind.name, number)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            attack = _attacked(kind, place, chance)
    except Exception as error:  # an attack of ours that does not fit the sample
        return replace(case, attack="none", detail=f"no case: {type(error).__name__}: {error}")
    (root.parent / "attack").write_text(attack, errors="replace")  # for whoever has to end this process
    case, before = replace(case, attack=attack), digest(root, "inside")
    grown, began = _grown(), time.process_time()
    with GUARD.over(root, kind.may_read) as seen, _inside(place.folder), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outcome, detail, signature = _outcome(kind, place.target)
    seconds, grown = time.process_time() - began, _grown() - grown
    case = replace(case, outcome=outcome, detail=detail, signature=signature, seconds=seconds)
    after = digest(root, "inside")
    changes = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    strange = [*seen, *(f"changed {name}" for name in changes)]
    most = budget()
    if strange:
        return replace(case, outcome="outside", detail="; ".join(strange[:5]), signature=_plain(strange[0], root))
    if grown > GROWTH * most.bytes:
        told = f"grew by {grown >> 20} MiB: {outcome}: {detail}"
        return replace(case, outcome="memory", detail=told, signature=f"{attack} {signature}")
    if seconds > 1.5 * most.seconds + 1 + kind.work:
        told = f"took {seconds:.0f} s: {outcome}: {detail}"
        return replace(case, outcome="slow", detail=told, signature=f"{attack} {signature}")
    return case


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """Work in a folder: names that are relative to an open one, of which events do not tell, are taken for its own."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def honest(kind: Kind, k: int, shelf: Path) -> Path:
    """Return the folder of an honest sample, which is made once."""
    folder = shelf / f"{kind.name}-{k}"
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=shelf) as made:
            (Path(made) / "x").mkdir()
            kind.samples[k](Path(made) / "x")
            (Path(made) / "x").rename(folder)
    return folder


def prepare(kinds: Mapping[str, Kind], shelf: Path) -> None:
    """Make all honest samples, in a process of their own."""
    process = multiprocessing.get_context("fork").Process(target=_make_all, args=(kinds, shelf))
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"the honest samples could not be made (exit code {process.exitcode})")


def _make_all(kinds: Mapping[str, Kind], shelf: Path) -> None:
    for kind in kinds.values():
        for k in range(len(kind.samples)):
            honest(kind, k, shelf)


def _set_up(kind: Kind, seed: int, number: int, root: Path, shelf: Path) -> tuple[Place, random.Random]:
    chance = random.Random(f"{seed} {kind.name} {number}")
    folder, outside, name = root / "inside", root / "outside", chance.randrange(len(kind.samples))
    shutil.copytree(honest(kind, name, shelf), folder, symlinks=True)
    outside.mkdir()
    (outside / "folder").mkdir()
    (outside / "folder" / ".notes.part").write_text("somebody's work")
    (outside / "photo.png").write_bytes(b"\x89PNG somebody's picture")
    (outside / "secret.json").write_text('{"name": "secret"}')
    (outside / "secret.toml").write_text('name = "secret"\n')
    (outside / "secret.bin").write_bytes(np.full(64, SECRET).tobytes())
    return Place(folder, folder / kind.target if kind.target else folder, outside, shelf, chance), chance


def _attacked(kind: Kind, place: Place, chance: random.Random) -> str:
    names = list(kind.attacks)
    if names and chance.random() < 0.35:
        name = chance.choice(names)
        said = kind.attacks[name](place)
        return f"{name} ({said})" if isinstance(said, str) else name
    return "nothing" if chance.random() < 0.02 else mutate(place)


def _outcome(kind: Kind, target: Path) -> tuple[str, str, str]:
    try:
        kind.read(target)
    except InputError as error:
        text = str(error)
        if not text.isprintable() or not text.strip():
            return "traceback", f"a refusal that is no printable line: {text!r:.500}", "unprintable " + _where(error)
        return "refused", text, ""
    except Exception as error:
        return "traceback", "".join(traceback.format_exception(error))[-6000:], _where(error)
    return "read", "", ""


def _where(error: BaseException) -> str:
    """Name the type of an error, and the last lines of ours and of anybody's that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/ganatomy/" in frame.filename]
    chosen = [frame for frame in (*ours[-1:], *frames[-1:]) if frame]
    spots = dict.fromkeys(f"{Path(f.filename).parent.name}/{Path(f.filename).name}:{f.name}:{f.lineno}" for f in chosen)
    return f"{type(error).__name__} at {' < '.join(reversed(spots))}"


def _plain(text: str, root: Path) -> str:
    return re.sub(r"[0-9a-f]{8,}|[0-9]+", "#", text.replace(str(root), ""))


def digest(root: Path, but: str) -> Mapping[str, str]:
    """Digest everything below a folder but one entry of it: name -> what is there."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if name.parts[0] == but:
            continue
        if path.is_symlink():
            found[str(name)] = f"link to {os.readlink(path)}"
        else:
            found[str(name)] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
    return found


def _grown() -> int:
    """Return the largest memory of this process since it was last asked, in bytes."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        high = next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))
        Path("/proc/self/clear_refs").write_text("5")  # the mark is set back to what is held now
        return high
    except (OSError, StopIteration):
        return 0


# Children


class Worker:
    """A child that plays one case after another; it is forked, so what this process has imported is there at once."""

    def __init__(self, kinds: Mapping[str, Kind], seed: int, shelf: Path, room: Path) -> None:
        self._given, self._kinds, self._used = (kinds, seed, shelf, room), kinds, 0.0
        self.room, self.case, self.since = room, None, 0.0
        self._begin()

    def _begin(self) -> None:
        self.connection, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("fork").Process(
            target=_serve, args=(theirs, *self._given), daemon=True
        )
        self._process.start()
        theirs.close()

    def give(self, kind: str, number: int) -> None:
        """Let it play a case."""
        self.case, self.since = Case(kind, number), time.monotonic()
        self._used = sum(psutil.Process(self._process.pid).cpu_times()[:2])
        self.connection.send((kind, number))

    def take(self) -> Case | None:
        """Return how its case ended; None while it goes on. A child that is gone, or does not end, is replaced."""
        assert self.case is not None
        late = self._late()
        if not late and not self.connection.poll():
            return None
        try:
            if late:
                raise TimeoutError
            return self.connection.recv()
        except (EOFError, TimeoutError, ConnectionError):
            pid = self._process.pid
            told = _stack(pid, self.room) if late else ""
            self.stop()
            code = self._process.exitcode
            attack = (self.room / "attack").read_text() if (self.room / "attack").exists() else ""
            how = (
                ("slow", f"no end after {_PATIENCE * budget().seconds} s\n{told}") if late else ("died", f"exit {code}")
            )
            spot = next((line.strip() for line in told.splitlines() if "/ganatomy/" in line), str(code))
            case = replace(self.case, attack=attack, outcome=how[0], detail=how[1], signature=f"{how[0]} {spot}")
            self._begin()
            return case

    def _late(self) -> bool:
        """Say whether the case takes too long: of the processor's time, or of any while the processor is idle."""
        assert self.case is not None
        patience = _PATIENCE * budget().seconds + self._kinds[self.case.kind].work
        passed = time.monotonic() - self.since
        if passed < patience:
            return False
        with contextlib.suppress(psutil.Error):
            used = sum(psutil.Process(self._process.pid).cpu_times()[:2]) - self._used
            return used > patience or used < passed / 50
        return False

    def stop(self) -> None:
        """End the child."""
        self._process.kill()
        self._process.join()
        self.connection.close()


def _stack(pid: int | None, room: Path) -> str:
    """Ask a process what it is at, which it writes to a file."""
    if pid is not None:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGUSR1)
            time.sleep(0.5)
    try:
        return (room / "stack").read_text()
    except OSError:
        return ""


def _serve(connection: Connection, kinds: Mapping[str, Kind], seed: int, shelf: Path, room: Path) -> None:
    """Play the cases that are asked for, one after another."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    own = Path(tempfile.mkdtemp(prefix="fuzz-tmp-"))
    tempfile.tempdir = str(own)
    os.environ["TMPDIR"] = os.environ["GANATOMY_CACHE"] = str(own)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    _limit()
    GUARD.start()
    try:
        while True:
            try:
                name, number = connection.recv()
            except EOFError:
                return
            clear(room)
            root = room / "case"
            root.mkdir(parents=True)
            with open(room / "stack", "w") as stack:
                faulthandler.register(signal.SIGUSR1, stack)
                case = play(kinds[name], seed, number, root, shelf)
                faulthandler.unregister(signal.SIGUSR1)
            connection.send(case)
    finally:
        shutil.rmtree(own, ignore_errors=True)


def clear(room: Path) -> None:
    """Empty the folder of a worker."""
    shutil.rmtree(room, ignore_errors=True)
    room.mkdir(parents=True, exist_ok=True)


def _limit() -> None:
    """Let the system refuse this process what would hurt the machine."""
    import resource

    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + _ROOM, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 41, resource.RLIM_INFINITY))
