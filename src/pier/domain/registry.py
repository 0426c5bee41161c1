"""Registries: credentials of one request, and lines of progress."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pier.domain.image import Descriptor


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
    its bytes. `digest` and `size` are of what it has now.
    """

    digest: str
    size: int
    existed: bool = False
    mounted_from: str = ""


class BlobSource(Protocol):
    """A blob for a registry: one that is stored, or one that is made while it is read."""

    @property
    def candidate(self) -> Descriptor | None:
        """What the registry is asked for before anything is read; None where only reading tells what it is."""
        ...

    @property
    def size(self) -> int | None:
        """Bytes; of what is made while it is read, None until it has been read to its end."""
        ...

    @property
    def digest(self) -> str:
        """Of what is made while it is read, once it has been read to its end."""
        ...

    def read(self, offset: int) -> AsyncIterator[bytes]:
        """The bytes from an offset on; may be asked for again, when what was sent before has not arrived."""
        ...
