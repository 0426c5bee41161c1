"""Whether to speak TLS, and with which files: docker's flags, DOCKER_TLS_VERIFY, DOCKER_TLS and DOCKER_CERT_PATH."""

import os

from pier.client.address import TlsFiles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_NAMES = {"tlscacert": "ca.pem", "tlscert": "cert.pem", "tlskey": "key.pem"}


def choose_files(flags: "Mapping[str, Any]", environ: "Mapping[str, str]", folder: str) -> "TlsFiles | None":
    """None for no TLS. `flags` are those that were given.

    A file that none of them names is taken from DOCKER_CERT_PATH or `folder`, if it is there.
    """
    verify = bool(environ.get("DOCKER_TLS_VERIFY"))
    wanted = verify or bool(environ.get("DOCKER_TLS"))
    verify = bool(flags.get("tlsverify", verify))
    if not (wanted or verify or flags.get("tls")):
        return None
    folder = environ.get("DOCKER_CERT_PATH") or folder
    found = [flags.get(name) or _there(f"{folder}/{file}") for name, file in _NAMES.items()]
    return TlsFiles(*found, verify=verify)


def _there(path: str) -> str:
    return path if os.path.exists(path) else ""
