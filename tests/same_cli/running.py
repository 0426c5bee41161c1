"""Runs one command line with one client against the answering engine, and says what it did."""

import base64
import hashlib
import io
import json
import os
import re
import signal
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fakes.http_engine import Request

from same_cli.bodies import EXEC, NAMES, id_of
from same_cli.line import Line
from same_cli.world import World

TIMEOUT = 60.0
_ENGINE = "unix://{root}/engine.sock"
CRASH = "{crash}"
_MOMENT = re.compile(r"20[2-9]\d-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC")
_HEADERS = ("upgrade", "content-type", "x-registry-auth")


def observe(line: Line, program: Sequence[str]) -> dict[str, Any]:
    """Exit code, both outputs, and the requests in the order they came. The program's own name reads `docker` in it."""
    with tempfile.TemporaryDirectory(prefix="same-cli-") as folder:
        root = Path(folder)
        work = root / "work"
        work.mkdir()
        for name, text in line.files.items():
            path = work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("{engine}", f"unix://{root}/engine.sock"))
            os.utime(path, (1_700_000_000, 1_700_000_000))
        with World(
            root / "engine.sock", api_version="1.50", answers=dict(line.answers), exit_code=line.exit_code
        ) as world:
            words = [word.replace("{dir}", str(work)).replace("{engine}", world.address) for word in line.argv]
            argv = [*program, *words]
            code, out, err = _run(argv, line.stdin, work, _environment(line, root, world))
            requests = [_shown(one) for one in world.requests if one.path != "/_ping"]
        if line.unordered:
            requests.sort(key=json.dumps)
        said = {"stdout": _plain(out, root), "stderr": _without_log(_plain(err, root))}
        if said["stderr"] == CRASH:
            requests = []
        left = sorted(str(path.relative_to(work)) for path in work.rglob("*") if path.is_file())
        made = {name: _plain((work / name).read_bytes(), root) for name in left}
        before = {name: text.replace("{engine}", _ENGINE) for name, text in line.files.items()}
        changed = {name: text for name, text in made.items() if text != before.get(name)}
        changed |= {name: "{removed}" for name in line.files if name not in made}
        return {"exit": code, "requests": json.loads(_plain_text(json.dumps(requests), root)), **said, "files": changed}


def _environment(line: Line, root: Path, world: World) -> Mapping[str, str]:
    base = {"PATH": "/usr/bin:/bin", "HOME": str(root / "home"), "TZ": "UTC", "LANG": "C.UTF-8"}
    return {**base, "DOCKER_HOST": world.address, "DOCKER_CLI_HINTS": "false", **line.env}


def _run(argv: list[str], stdin: str, work: Path, env: Mapping[str, str]) -> tuple[int, bytes, bytes]:
    process = subprocess.Popen(
        argv,
        cwd=work,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(stdin.encode(), timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        err += b"<did not end>"
    return process.returncode, out, err


def _plain(data: bytes, root: Path) -> str:
    if data[257:262] == b"ustar":
        return _plain_text(json.dumps(_body(data)), root)
    return _plain_text(data.decode("utf-8", "backslashreplace"), root)


def _plain_text(text: str, root: Path) -> str:
    """Without what is of this run alone: its folders, also within URLs, and the moments that its world tells of."""
    for folder, name in ((root / "work", "{dir}"), (root, "{root}")):
        text = text.replace(str(folder), name).replace(quote(str(folder), safe=""), name)
    return _MOMENT.sub("{moment}", text)


def _without_log(text: str) -> str:
    """Docker's own log lines come and go with the timing; what a crash of it prints is never the same."""
    if "panic: runtime error" in text:
        return CRASH
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith('time="'))


def _shown(request: Request) -> dict[str, Any]:
    shown: dict[str, Any] = {"request": f"{request.method} {_named(request.path)}"}
    if request.query:
        shown["query"] = {key: [_json(text) for text in values] for key, values in sorted(request.query.items())}
    headers = {name: _header(name, request.headers[name]) for name in _HEADERS if request.headers.get(name)}
    if headers:
        shown["headers"] = headers
    if request.body:
        shown["body"] = _body(request.body)
    return shown


def _named(path: str) -> str:
    """Ids read as names: by which of the two a client calls an object makes no difference."""
    for name, start in NAMES.items():
        path = path.replace(id_of(name), name).replace(f"/{start * 6}/", f"/{name}/")
    return path.replace(EXEC, "id")


def _json(text: str) -> Any:
    """Filters, changes and platforms are JSON in the query: the order of their keys means nothing."""
    if text[:1] not in ("{", "["):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _header(name: str, value: str) -> Any:
    if name != "x-registry-auth":
        return value
    return json.loads(base64.urlsafe_b64decode(value) or b"null")


def _body(data: bytes) -> Any:
    if data[:1] in (b"{", b"["):
        return _sorted(json.loads(data))
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            return {"tar": [_member(tar, member) for member in tar]}
    except tarfile.TarError:
        return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _sorted(body: Any) -> Any:
    """Docker's CLI keeps variables, binds and subnets in maps, so that their order is never the same."""
    ipam = body.get("IPAM")
    parts = ((body, "Env"), (body.get("HostConfig") or {}, "Binds"), (ipam if isinstance(ipam, dict) else {}, "Config"))
    for part, key in parts:
        if part.get(key):
            part[key].sort(key=json.dumps)
    return body


def _member(tar: tarfile.TarFile, member: tarfile.TarInfo) -> list[Any]:
    file = tar.extractfile(member) if member.isreg() else None
    digest = hashlib.sha256(file.read()).hexdigest()[:16] if file else ""
    return [
        member.name,
        member.type.decode(),
        f"{member.mode & 0o7777:o}",
        member.uid,
        member.gid,
        member.linkname,
        digest,
    ]
