"""`pier context export` and `import`: a context as an archive of meta.json and tls/docker/*.pem.

It is written as tar; zip is read, too.
"""

import io
import os
import sys
import tarfile
import zipfile

from pier.cli.context.commands import load
from pier.cli.context_store import ENDPOINT, TLS_NAMES, check_name, endpoint_of
from pier.cli.errors import CliError
from pier.cli.flags import Command, Values
from pier.cli.streams import write_all
from pier.cli.terminal import STDOUT, is_terminal
from pier.client.json_codec import decode, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from pier.cli.session import Session

_LIMIT = 10 << 20  # docker's: more is no context
_META = "meta.json"
_TLS = "tls"


def export_context(session: "Session", _: Values, arguments: list[str]) -> int:
    """Write a context to a file, NAME.dockercontext by default, or to stdout."""
    name = arguments[0]
    target = arguments[1] if len(arguments) > 1 else f"{name}.dockercontext"
    if target == "-" and is_terminal(STDOUT):
        raise CliError("cowardly refusing to export to a terminal, specify a file path")
    meta = load(session, name)
    kept = {key: meta.get(key) or {} for key in ("Metadata", "Endpoints")}
    data = pack(encode({"Name": name, **kept}).encode(), session.contexts.tls_files(name))
    if target == "-":
        sys.stdout.flush()
        write_all(STDOUT, data)
        return 0
    try:
        fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CliError(f"open {target}: {(error.strerror or '').lower()}") from None
    with open(fd, "wb") as file:
        file.write(data)
    session.err(f'Written file "{target}"\n')
    return 0


def pack(meta: bytes, tls: "Mapping[str, bytes]") -> bytes:
    """The archive of a context."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        _add(tar, _META, meta, 0o644)
        _add(tar, _TLS, None, 0o700)
        if tls:
            _add(tar, f"{_TLS}/{ENDPOINT}", None, 0o700)
        for name, data in sorted(tls.items()):
            _add(tar, f"{_TLS}/{ENDPOINT}/{name}", data, 0o600)
    return target.getvalue()


def _add(tar: tarfile.TarFile, name: str, data: bytes | None, mode: int) -> None:
    member = tarfile.TarInfo(name)
    member.mode = mode
    if data is None:
        member.type = tarfile.DIRTYPE
    else:
        member.size = len(data)
    tar.addfile(member, io.BytesIO(data or b""))


def import_context(session: "Session", _: Values, arguments: list[str]) -> int:
    """Make a context of an archive, from a file or stdin."""
    name, source = arguments
    check_name(name)
    if session.contexts.has(name):
        raise CliError(f'context "{name}" already exists')
    files = unpack(_read(source))
    try:
        meta = decode(files[_META])
        endpoints, kept = {ENDPOINT: endpoint_of(meta)} | meta["Endpoints"], meta.get("Metadata") or {}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise CliError(f"invalid context: its {_META} is missing or damaged: {error}") from None
    prefix = f"{_TLS}/{ENDPOINT}/"
    session.contexts.save({"Name": name, "Metadata": kept, "Endpoints": endpoints})
    session.contexts.save_tls(
        name, {path.removeprefix(prefix): data for path, data in files.items() if path.startswith(prefix)}
    )
    session.out(f"{name}\n")
    session.err(f'Successfully imported context "{name}"\n')
    return 0


def _read(source: str) -> bytes:
    if source == "-":
        data = sys.stdin.buffer.read(_LIMIT + 1)
    else:
        try:
            with open(source, "rb") as file:
                data = file.read(_LIMIT + 1)
        except OSError as error:
            raise CliError(f"open {source}: {(error.strerror or '').lower()}") from None
    if len(data) > _LIMIT:
        raise CliError(f"invalid context: it is larger than {_LIMIT >> 20} MB")
    return data


def unpack(data: bytes) -> dict[str, bytes]:
    """meta.json and the TLS files of an archive, tar or zip; nothing else is taken. Raises CliError."""
    try:
        members = _unzipped(data) if data[:4] == b"PK\x03\x04" else _untarred(data)
        found = dict(members)
    except (tarfile.TarError, zipfile.BadZipFile, OSError) as error:
        raise CliError(f"unexpected EOF: this is no archive of a context: {error}") from None
    wanted = {_META, *(f"{_TLS}/{ENDPOINT}/{name}" for name in TLS_NAMES)}
    for name in found:
        if name not in wanted:
            raise CliError(f"unexpected context file: {name}")
    return found


def _untarred(data: bytes) -> "list[tuple[str, bytes]]":
    found: list[tuple[str, bytes]] = []
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isreg() else None
            if content is not None:
                found.append((member.name, content.read(_LIMIT)))
    return found


def _unzipped(data: bytes) -> "list[tuple[str, bytes]]":
    found: list[tuple[str, bytes]] = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                with archive.open(member) as content:
                    found.append((member.filename, content.read(_LIMIT)))
    return found


EXPORT = Command(
    "context export",
    "[OPTIONS] CONTEXT [FILE|-]",
    "Write a context to a file",
    (),
    export_context,
    least=1,
    most=2,
    completer="contexts",
)
IMPORT = Command("context import", "CONTEXT FILE|-", "Make a context of a file", (), import_context, least=2, most=2)
