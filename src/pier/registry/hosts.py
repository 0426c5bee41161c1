"""Settings for each registry on this host, as containerd reads them: `certs.d/<host>/hosts.toml` (its "Registry
Configuration"), and where there is none the certificates that lie there, as Docker has them.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pier.domain.errors import PierError
from pier.registry.endpoints import ALL, Endpoint, Tls, endpoints, host_for, is_insecure, plain_endpoint

_DEFAULT = "_default"
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_DURATIONS = re.compile(rf"(?:{_DURATION.pattern})+")
_KEYS = frozenset({"capabilities", "ca", "client", "skip_verify", "override_path", "header", "dial_timeout"})


class Hosts:
    """Who is asked for a repository. Files are read anew each time: an edit counts from the next pull on."""

    def __init__(self, *, mirrors: Sequence[str], insecure: Sequence[str], directory: Path | None) -> None:
        self._mirrors = tuple(mirrors)
        self._insecure = tuple(insecure)
        self._directory = directory

    def find(self, domain: str) -> list[Endpoint]:
        """In order, the domain's own last. Reads files: not to be called on the loop.

        Raises PierError for a file that cannot be understood.
        """
        folder = self._folder(domain)
        if folder is None:
            return endpoints(domain, mirrors=self._mirrors, insecure=self._insecure)
        path = folder / "hosts.toml"
        if path.is_file():
            return self._from_file(path, domain)
        *mirrors, origin = endpoints(domain, mirrors=self._mirrors, insecure=self._insecure)
        return [*mirrors, replace(origin, tls=_certificates(folder, origin.tls))]

    def _folder(self, domain: str) -> Path | None:
        if self._directory is None:
            return None
        name, colon, port = domain.rpartition(":")
        names = ([f"{name}_{port}_"] if colon and port.isdigit() else []) + [domain, _DEFAULT]
        return next((self._directory / one for one in names if (self._directory / one).is_dir()), None)

    def _from_file(self, path: Path, domain: str) -> list[Endpoint]:
        try:
            document = tomllib.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise PierError(f"cannot read the registry settings {path}: {error}") from error
        hosts = document.pop("host", {})
        server = document.pop("server", "")
        origin = plain_endpoint(domain, self._insecure)
        if not isinstance(hosts, dict) or not isinstance(server, str):
            raise PierError(f"{path}: `host` must be a table and `server` a text")
        found = [self._endpoint(path, url, table, domain) for url, table in hosts.items()]
        last = self._endpoint(path, server or f"https://{host_for(domain)}", document, domain)
        if not server:  # nothing says how the origin is spoken to: as without a file
            last = replace(last, scheme=origin.scheme, insecure=origin.insecure, is_mirror=False, namespace="")
        elif path.parent.name != _DEFAULT:  # this domain's own, so that its credentials are for it
            last = replace(last, is_mirror=False)
        return [*found, last]

    def _endpoint(self, path: Path, url: str, table: object, domain: str) -> Endpoint:
        if not isinstance(table, dict) or set(table) - _KEYS:
            unknown = ", ".join(sorted(set(table) - _KEYS)) if isinstance(table, dict) else repr(table)
            raise PierError(f"{path}: {url}: not known to Pier: {unknown}; remove it or correct its spelling")
        parts = urlsplit(url if "://" in url else f"https://{url}")
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise PierError(f"{path}: {url!r} is no address of a registry; use https://HOST")
        capabilities = frozenset(_texts(path, table, "capabilities")) or ALL
        if capabilities - ALL:
            raise PierError(f"{path}: {url}: capabilities are pull, resolve and push, not {sorted(capabilities)}")
        lax = is_insecure(parts.netloc, self._insecure)
        is_mirror = parts.netloc != host_for(domain)
        root = parts.path.rstrip("/")
        authorities = tuple(_file(path, name) for name in _texts(path, table, "ca"))
        return Endpoint(
            parts.netloc,
            lax or parts.scheme == "http",
            scheme=parts.scheme,
            root=root if table.get("override_path") else f"{root.removesuffix('/v2')}/v2",
            is_mirror=is_mirror,
            tls=Tls(
                verify=not table.get("skip_verify") and (not lax or bool(authorities)),
                authorities=authorities,
                clients=_clients(path, table.get("client", ())),
            ),
            capabilities=capabilities,
            headers=_headers(path, table.get("header", {})),
            connect_seconds=_seconds(path, table.get("dial_timeout", "0s")),
            namespace=domain if is_mirror else "",
        )


def _texts(path: Path, table: Mapping[str, Any], key: str) -> Sequence[str]:
    """A text, or a list of them."""
    value = table.get(key, ())
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list | tuple) or not all(isinstance(item, str) for item in values):
        raise PierError(f"{path}: `{key}` must be a text or a list of texts")
    return values


def _clients(path: Path, value: object) -> tuple[tuple[str, str], ...]:
    """A file with both, a list of such, or a list of pairs of certificate and key."""
    entries = [value] if isinstance(value, str) else value
    found = []
    for entry in entries if isinstance(entries, list | tuple) else [None]:
        pair = [entry] if isinstance(entry, str) else entry
        if not isinstance(pair, list) or not 1 <= len(pair) <= 2 or not all(isinstance(item, str) for item in pair):
            raise PierError(f"{path}: `client` must be a file, or pairs of a certificate's file and its key's")
        found.append((_file(path, pair[0]), _file(path, pair[-1] or pair[0])))
    return tuple(found)


def _headers(path: Path, value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise PierError(f"{path}: `header` must be a table")
    return {str(name): ", ".join(_texts(path, value, name)) for name in value}


def _seconds(path: Path, value: object) -> float:
    """Go's durations: `1m30s`, `500ms`."""
    parts = _DURATION.findall(value) if isinstance(value, str) and _DURATIONS.fullmatch(value) else []
    if not parts:
        raise PierError(f"{path}: `dial_timeout` must be a time as 30s, not {value!r}")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def _file(path: Path, name: str) -> str:
    """Relative to the file that names it."""
    return str(path.parent / name)


def _certificates(folder: Path, tls: Tls) -> Tls:
    """`*.crt` are authorities, `x.cert` with `x.key` is a client's (Docker, "Verify repository client")."""
    authorities = tuple(str(file) for file in sorted(folder.glob("*.crt")))
    clients = []
    for certificate in sorted(folder.glob("*.cert")):
        key = certificate.with_suffix(".key")
        if not key.is_file():
            raise PierError(f"missing key {key.name} for client certificate {certificate.name} in {folder}")
        clients.append((str(certificate), str(key)))
    if not authorities and not clients:
        return tls
    return Tls(verify=tls.verify or bool(authorities), authorities=authorities, clients=tuple(clients))
