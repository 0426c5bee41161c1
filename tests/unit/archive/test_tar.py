"""Tar streams: what tarfile and tar(1) write is read, what is hostile is refused."""

import io
import subprocess
import tarfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pier.archive.tar import read_entries, safe_path, write_archive
from pier.domain.archive import ArchiveMember
from pier.domain.errors import InvalidArgument, PierError

LONG = "long/" + "x" * 180 + "/" + "y" * 180
UMLAUT = "ümläut"


async def _chunks(data: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def _read(data: bytes, size: int = 1000) -> list[tuple[str, str, str, bytes]]:
    return [
        (entry.path, entry.kind, entry.target, b"".join([piece async for piece in entry.data()]))
        async for entry in read_entries(_chunks(data, size))
    ]


def _member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, size
    return info


def _tar(*members: tuple[tarfile.TarInfo, bytes], format: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@pytest.mark.parametrize("format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
@pytest.mark.parametrize("size", [1, 511, 1 << 20])
async def test_reads_every_kind_of_member(format: int, size: int) -> None:
    data = _tar(
        (_member("./dir", tarfile.DIRTYPE), b""),
        (_member("dir/file", size=700), b"z" * 700),
        (_member("empty"), b""),
        (_member("link", tarfile.SYMTYPE, "dir/file"), b""),
        (_member("hard", tarfile.LNKTYPE, "dir/file"), b""),
        format=format,
    )
    assert await _read(data, size) == [
        ("dir", "directory", "", b""),
        ("dir/file", "file", "", b"z" * 700),
        ("empty", "file", "", b""),
        ("link", "symlink", "dir/file", b""),
        ("hard", "hardlink", "dir/file", b""),
    ]


@pytest.mark.parametrize("format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
async def test_long_names_and_targets(format: int) -> None:
    data = _tar((_member(LONG, size=3), b"abc"), (_member(UMLAUT, tarfile.SYMTYPE, LONG), b""), format=format)
    assert await _read(data) == [(LONG, "file", "", b"abc"), (UMLAUT, "symlink", LONG, b"")]


async def test_reads_what_tar_writes(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").write_bytes(b"hello" * 1000)
    data = subprocess.run(["tar", "-C", tmp_path, "-c", "."], capture_output=True, check=True).stdout
    assert await _read(data) == [("d", "directory", "", b""), ("d/f", "file", "", b"hello" * 1000)]


async def test_data_not_read_is_passed_over() -> None:
    data = _tar((_member("a", size=5000), b"a" * 5000), (_member("b", size=3), b"bbb"))
    assert [entry.path async for entry in read_entries(_chunks(data))] == ["a", "b"]


async def test_size_beyond_octal_is_understood() -> None:
    info = _member("huge", size=9 << 30)
    header = info.tobuf(tarfile.GNU_FORMAT)
    entries = read_entries(_chunks(header))
    assert (await anext(entries)).size == 9 << 30


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (_member("/etc/passwd"), "leads out"),
        (_member("../up"), "leads out"),
        (_member("a/../../up"), "leads out"),
        (_member("dev", tarfile.CHRTYPE), "neither file"),
        (_member("fifo", tarfile.FIFOTYPE), "neither file"),
        (_member("sparse", b"S"), "neither file"),
    ],
)
async def test_hostile_member_is_refused(member: tarfile.TarInfo, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        await _read(_tar((member, b"")))


async def test_path_that_comes_twice_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="twice"):
        await _read(_tar((_member("a"), b""), (_member("./a"), b"")))


async def test_directory_may_come_twice() -> None:
    twice = (_member("a", tarfile.DIRTYPE), b"")
    assert len(await _read(_tar(twice, twice))) == 2


@pytest.mark.parametrize("length", [100, 700, 1100])
async def test_truncated_archive_is_refused(length: int) -> None:
    with pytest.raises(InvalidArgument, match="truncated"):
        await _read(_tar((_member("a", size=2000), b"a" * 2000))[:length])


async def test_wrong_checksum_is_refused() -> None:
    data = bytearray(_tar((_member("a"), b"")))
    data[0] = ord("b")
    with pytest.raises(InvalidArgument, match="checksum"):
        await _read(bytes(data))


async def test_oversized_extension_header_is_refused() -> None:
    info = _member("x", b"x", size=2 << 20)
    with pytest.raises(InvalidArgument, match="larger than any"):
        await _read(info.tobuf(tarfile.USTAR_FORMAT) + bytes(2 << 20))


@pytest.mark.parametrize(
    "record", [b"9999 path=x\n", b"xx path=x\n", b"0 path=x\n", b"8 pathx=\n\n", b"5 abc", b"9" * 5000 + b" path=x\n"]
)
async def test_damaged_pax_header_is_refused(record: bytes) -> None:
    header = _member("x", b"x", size=len(record)).tobuf(tarfile.USTAR_FORMAT)
    with pytest.raises(InvalidArgument):
        await _read(header + record + bytes(-len(record) % 512) + _tar((_member("a"), b"")))


@pytest.mark.parametrize("record", [b"6 a=b\n", b"18 GNU.sparse.x=1\n"])
async def test_pax_header_of_countless_records_costs_no_more_than_its_bytes(record: bytes) -> None:
    records = record * ((1 << 20) // len(record))
    header = _member("x", b"x", size=len(records)).tobuf(tarfile.USTAR_FORMAT)
    before = time.process_time()
    assert await _read(header + records + bytes(-len(records) % 512), 1 << 20) == []
    assert time.process_time() - before < 3


async def test_path_longer_than_any_system_has_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="path of 5000"):
        await _read(_tar((_member("a" * 5000), b"")))


@pytest.mark.parametrize(("path", "safe"), [("./a//b/", "a/b"), (".", ""), ("a/./b", "a/b"), ("..a/b..", "..a/b..")])
def test_safe_path_normalises(path: str, safe: str) -> None:
    assert safe_path(path) == safe


async def _members(*members: ArchiveMember) -> AsyncIterator[ArchiveMember]:
    for member in members:
        yield member


async def _write(*members: ArchiveMember) -> bytes:
    return b"".join([piece async for piece in write_archive(_members(*members))])


async def test_written_archive_is_read_by_tarfile() -> None:
    data = await _write(
        ArchiveMember(path="d"), ArchiveMember(path=f"d/{LONG}", size=700, data=_chunks(b"z" * 700, 100))
    )
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        directory, file = archive.getmembers()
        assert directory.isdir()
        assert (file.name, file.mtime, file.uid) == (f"d/{LONG}", 0, 0)
        content = archive.extractfile(file)
        assert content is not None
        assert content.read() == b"z" * 700


@pytest.mark.parametrize("length", [3, 9])
async def test_data_of_another_length_than_announced_is_an_error(length: int) -> None:
    with pytest.raises(PierError, match="has not the 5 bytes"):
        await _write(ArchiveMember(path="a", size=5, data=_chunks(b"x" * length)))
