"""Members of a tar out of chunks of any size."""

import io
import os
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pier.archive.stream import TarSource
from pier.domain.errors import PierError


def source(data: bytes, size: int = 700) -> TarSource:
    chunks: Iterator[list[bytes]] = iter([[data[at : at + size]] for at in range(0, len(data), size)])
    return TarSource(lambda: next(chunks, []))


def archive(files: dict[str, bytes], format_: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format_) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def read_all(data: bytes, size: int, file: Path) -> dict[str, bytes]:
    found = {}
    stream = source(data, size)
    while (member := stream.next()) is not None:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            stream.copy_data(member, descriptor)
        finally:
            os.close(descriptor)
        found[member.name] = file.read_bytes()
    return found


@pytest.mark.parametrize("format_", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
@pytest.mark.parametrize("size", [1, 511, 512, 513, 100_000])
def test_every_dialect_in_chunks_of_every_size(tmp_path: Path, format_: int, size: int) -> None:
    files = {"a": b"x" * 1000, "empty": b"", "n" * 90: b"long", "b": b"y" * 512}
    if format_ != tarfile.USTAR_FORMAT:
        files["ü" * 120] = b"longer"
    assert read_all(archive(files, format_), size, tmp_path / "file") == files


def test_data_that_is_not_read_is_passed_over() -> None:
    stream = source(archive({"a": b"x" * 5000, "b": b"y"}))
    assert [stream.next(), stream.next()] != [None, None]
    assert stream.next() is None
    assert stream.next() is None


@pytest.mark.parametrize("cut", [100, 600, 1000, 5000])
def test_truncated_archives(tmp_path: Path, cut: int) -> None:
    data = archive({"n" * 300: b"x" * 5000})
    with pytest.raises(PierError, match="unexpected EOF"):
        read_all(data[:cut], 700, tmp_path / "file")


def test_an_end_without_the_two_blocks_is_an_end(tmp_path: Path) -> None:
    whole = archive({"a": b"x"})
    assert read_all(whole[:1024], 700, tmp_path / "file") == {"a": b"x"}
    assert read_all(b"", 700, tmp_path / "file") == {}


def test_what_is_no_archive() -> None:
    with pytest.raises(PierError, match="invalid tar header"):
        source(b"this is no tar" * 100).next()


def test_damage_in_the_middle_is_no_end(tmp_path: Path) -> None:
    data = bytearray(archive({"a": b"x", "b": b"y"}))
    data[1024 + 10] ^= 0xFF
    with pytest.raises(PierError, match="invalid tar header"):
        read_all(bytes(data), 700, tmp_path / "file")


def test_a_header_without_end_is_refused() -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 1 << 40
    with pytest.raises(PierError, match="larger than any archive needs"):
        source(info.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 16)).next()


def test_sparse_files_keep_their_holes(tmp_path: Path) -> None:
    """GNU's old format, made by hand: 4 MiB of which two pieces are stored."""
    info = tarfile.TarInfo("sparse")
    size = 4 << 20
    pieces = [(0, b"a" * 512), (2 << 20, b"b" * 512)]
    info.size = sum(len(data) for _, data in pieces)
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[156:157] = b"S"
    for number, (offset, data) in enumerate(pieces):
        at = 386 + 24 * number
        block[at : at + 24] = b"%011o\0%011o\0" % (offset, len(data))
    block[483:495] = b"%011o\0" % size
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    stream = source(bytes(block) + b"".join(data for _, data in pieces) + bytes(1024))
    member = stream.next()
    assert member is not None
    file = tmp_path / "file"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT)
    stream.copy_data(member, descriptor)
    os.close(descriptor)
    data = file.read_bytes()
    assert (len(data), data[:512], data[2 << 20 : (2 << 20) + 512]) == (size, b"a" * 512, b"b" * 512)
    assert data.count(b"\0") == size - 1024
    assert os.stat(file).st_blocks * 512 < size // 2
    assert stream.next() is None


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=2000), st.integers(min_value=0, max_value=3000))
def test_no_damage_does_more_than_fail(noise: bytes, where: int) -> None:
    data = archive({"a" * 150: b"x" * 700, "b": b"y"}, tarfile.GNU_FORMAT)
    stream = source(data[:where] + noise + data[where + len(noise) :])
    try:
        for _ in range(50):
            if stream.next() is None:
                break
    except PierError:
        pass


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE])
def test_a_header_full_of_digits_costs_no_more_than_its_bytes(kind: bytes) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, 100_000
    header = info.tobuf(tarfile.USTAR_FORMAT) + b"1" * 100_000 + bytes(-100_000 % 512)
    before = time.process_time()
    with pytest.raises(PierError, match="longer than any name"):
        source(header + archive({"a": b""}), 1 << 20).next()
    assert time.process_time() - before < 1


def test_names_may_be_numbers(tmp_path: Path) -> None:
    names = {"1" * 255: b"a", f"{'2' * 255}/{'3' * 255}": b"b"}
    for format_ in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        assert read_all(archive(names, format_), 700, tmp_path / "f") == names
