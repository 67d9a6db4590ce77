"""What is read is of the file that was opened and hashed, or is refused in a line."""

import gc
import hashlib
import importlib
import itertools
import os
import threading
import zipfile

import pytest

from ganatomy.errors import InputError
from ganatomy.files import OpenFile, opened, spending

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows replaces no file that is open")


@pytest.fixture
def path(tmp_path):
    (tmp_path / "a").write_bytes(bytes(range(200)))
    return tmp_path / "a"


def replace(path, data):
    """Put another file in its place."""
    path.with_name("new").write_bytes(data)
    path.with_name("new").replace(path)


def write_into(path, data):
    """Write into the file itself, at another time than it was made, which clocks of file systems are too coarse for."""
    found = path.stat()
    with open(path, "r+b") as file:
        file.write(data)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 10**9))


@POSIX
def test_a_file_put_in_its_place_is_never_read(path):
    found = OpenFile(path)
    replace(path, b"evil" * 50)
    assert found.read(0, 3) == b"\0\1\2"
    assert found.sha256 == hashlib.sha256(bytes(range(200))).hexdigest()
    assert found.stream().read() == bytes(range(200))


def test_a_file_that_is_written_into_is_noticed(path):
    found = OpenFile(path)
    write_into(path, b"evil")
    for read in (lambda: found.read(0, 3), lambda: found.sha256, found.stream().read):
        with pytest.raises(InputError, match="was changed after it had been opened"):
            read()


def test_a_file_that_was_closed_is_opened_again_if_it_is_the_same(path):
    found = OpenFile(path)
    before = found.sha256
    found.release()
    assert (found.read(10, 2), found.sha256) == (b"\n\x0b", before)
    found.release()
    replace(path, bytes(range(200)))
    with pytest.raises(InputError, match="was changed"):
        found.read(0, 3)
    path.unlink()
    with pytest.raises(InputError, match="no such file; was it removed"):
        found.read(0, 3)


def test_a_hash_is_compared_again_when_a_file_is_opened_again(path):
    found = OpenFile(path)
    assert found.sha256
    found.release()
    times = path.stat()
    with open(path, "r+b") as file:
        file.write(b"evil")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(InputError, match="was changed"):
        found.read(100, 3)


def held():
    return sum((one := ref()) is not None and one._close.alive for ref in opened._HELD)


def test_hundreds_of_files_need_few_descriptors(tmp_path):
    files = []
    for i in range(100):
        (tmp_path / str(i)).write_bytes(b"%d" % i)
        files.append(OpenFile(tmp_path / str(i)))
    assert held() <= 16
    assert [file.read(0, 9) for file in files] == [b"%d" % i for i in range(100)]
    assert held() <= 16


def test_a_file_is_closed_when_nobody_has_it(path):
    found = OpenFile(path)
    stream, descriptor = found._stream, found._stream.fileno()
    assert os.fstat(descriptor)
    del found
    gc.collect()
    assert stream.closed


def test_threads_do_not_take_each_others_place(path):
    found, wrong = OpenFile(path), []

    def read(at):
        wrong.extend(at for _ in range(200) if found.read(at, 1) != bytes([at]))

    threads = [threading.Thread(target=read, args=(at,)) for at in (3, 50, 190)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_its_stream_is_one_that_others_can_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("one", b"1" * 1000)
    with zipfile.ZipFile(OpenFile(tmp_path / "a.zip").stream()) as archive:
        assert archive.read("one") == b"1" * 1000


def test_reading_outside_of_it_gives_nothing(path):
    found = OpenFile(path)
    assert (found.read(199, 9), found.read(200, 9), found.read(10**9, 9), found.read(0, 0)) == (b"\xc7", b"", b"", b"")
    assert found.read(0, 1 << 60) == bytes(range(200))
    with pytest.raises(InputError, match="cannot be read"):
        found.read(-1, 3)
    with pytest.raises(OSError, match="before the beginning"):
        found.stream().seek(-1)


def test_a_hash_takes_no_longer_than_the_budget_allows(path, monkeypatch):
    with open(path, "ab") as file:
        file.truncate(1 << 23)
    clock = itertools.count()
    monkeypatch.setattr(importlib.import_module("ganatomy.files.budget").time, "monotonic", lambda: next(clock))
    with spending(seconds=5), pytest.raises(InputError, match="takes more than the 5 seconds"):
        assert OpenFile(path).sha256
    with spending(seconds=50):
        assert len(OpenFile(path).sha256) == 64
