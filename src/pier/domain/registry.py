"""Registries: credentials of one request, and lines of progress."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryAuth:
    """What a client sent for one registry; Pier never stores it. All empty: anonymous."""

    username: str = ""
    password: str = field(default="", repr=False)
    server_address: str = ""
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One line of a pull, push or load: `status`, perhaps about layer `id`, with bytes done and in all (0: unknown)."""

    status: str = ""
    id: str = ""
    current: int = 0
    total: int = 0
    stream: str = ""  # load: a text line instead of a status
    aux: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """A repository that a registry's search found."""

    name: str
    description: str = ""
    stars: int = 0
    official: bool = False
    automated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobPush:
    """What it took to give a registry a blob: nothing where it `existed`, a mount from another repository, or all of
    its bytes.
    """

    existed: bool = False
    mounted_from: str = ""
