"""A real registry (Debian's docker-registry) on loopback, in a directory of its own, and pushing to it."""

import re
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.certificates import make_certificates
from support.facilities import require_command
from support.fetch import fetch, free_port
from support.images import TestImage, docker_archive, oci_archive
from support.wait import wait_for

_CONFIG = """\
version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: {root}/data}}, delete: {{enabled: true}}}}
http:
  addr: "127.0.0.1:{port}"
"""
_AUTH = "auth: {{htpasswd: {{realm: test, path: {root}/htpasswd}}}}\n"
_TLS = "  tls: {{certificate: {root}/server.crt, key: {root}/server.key{clients}}}\n"
_CLIENTS = ", clientcas: [{root}/ca.crt]"
_MARK = re.compile("GET /[0-9a-f]{16}")
USER, PASSWORD = "someone", "secret"
_HTPASSWD = f"{USER}:$2b$04$611kuQWmFVRWt5rVtwHAMOi8Xo7LZSdAK3YCvlcIP8YsE8KMSObfi\n"  # bcrypt of the password


@dataclass(frozen=True)
class RunningRegistry:
    """`host` is `127.0.0.1:<port>`. With TLS its authority is `ca.crt` in the directory, and there lie `client.cert`
    and `client.key`, too.
    """

    host: str
    directory: Path

    def push(self, name: str, image: TestImage, *, oci: bool = False, compression: str = "gzip") -> str:
        """Pushes by skopeo as `<host>/<name>`, with layers that are compressed so; that reference."""
        target = f"{self.host}/{name}"
        with tempfile.NamedTemporaryFile(suffix=".tar") as file:
            file.write((oci_archive if oci else docker_archive)({target: image}))
            file.flush()
            source = f"{'oci' if oci else 'docker'}-archive:{file.name}"
            copy = [require_command("skopeo"), "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false"]
            copy += ["--dest-compress-format", compression] if compression != "gzip" else []
            subprocess.run([*copy, source, f"docker://{target}"], check=True, capture_output=True, timeout=60)
        return target

    def requests(self) -> list[str]:
        """The access log's request lines so far, as `GET /v2/…`.

        The registry notes a request a little after it has answered: one of our own, which is left out, comes last.
        """
        last = f"/{secrets.token_hex(8)}"
        fetch("127.0.0.1", int(self.host.rpartition(":")[2]), path=last)
        wait_for(lambda: f"GET {last}" in self._noted(), what="the registry has noted all requests")
        return [line for line in self._noted() if not _MARK.fullmatch(line)]

    def _noted(self) -> list[str]:
        lines = (self.directory / "registry.log").read_text(errors="replace").splitlines()
        return [line.split('"')[1].rpartition(" ")[0] for line in lines if ' "' in line and "HTTP/" in line]


@contextmanager
def running_registry(*, login: bool = False, tls: bool = False, clients: bool = False) -> Iterator[RunningRegistry]:
    """Started on a free port and stopped at the end. `login`: for USER only; `tls`: https only; `clients`: for those
    with a certificate of its authority only.
    """
    binary = require_command("docker-registry")
    directory = Path(tempfile.mkdtemp(prefix="pier-registry-"))
    port = free_port()
    text = _CONFIG
    if tls or clients:
        make_certificates(directory)
        text += _TLS.replace("{clients}", _CLIENTS if clients else "")
    if login:
        (directory / "htpasswd").write_text(_HTPASSWD)
        text += _AUTH
    config = directory / "config.yml"
    config.write_text(text.format(root=directory, port=port))
    with (directory / "registry.log").open("wb") as log:
        process = subprocess.Popen([binary, "serve", str(config)], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        wait_for(lambda: _answers(port), what="the registry answers", timeout=20)
        yield RunningRegistry(f"127.0.0.1:{port}", directory)
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(directory, ignore_errors=True)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
