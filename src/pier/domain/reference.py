"""Image references: how a short name such as `debian` becomes `docker.io/library/debian:latest`, and back.

The grammar is that of the distribution project's references, which every Docker client follows:
`[domain[:port]/]path[:tag][@digest]`.
"""

import re
from dataclasses import dataclass, replace

from pier.domain.errors import InvalidArgument

DEFAULT_DOMAIN = "docker.io"
DEFAULT_TAG = "latest"
_LEGACY_DOMAIN = "index.docker.io"
_OFFICIAL = "library/"
_MAX_PATH = 255

_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}")
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")
_HEX = re.compile(r"[0-9a-f]{1,64}")
_DIGEST_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}


@dataclass(frozen=True, slots=True)
class Reference:
    """A fully normalised name: `domain` and `path` are always there; `tag` and `digest` may be empty."""

    domain: str
    path: str
    tag: str = ""
    digest: str = ""

    @property
    def repository(self) -> str:
        """`docker.io/library/debian`, without tag and digest."""
        return f"{self.domain}/{self.path}"

    @property
    def canonical(self) -> str:
        """`docker.io/library/debian:12`: the name under which containerd keeps the image."""
        return self.repository + self._suffix

    @property
    def familiar_repository(self) -> str:
        """`debian`, `inv/big`, `ghcr.io/a/b`: the repository as users see it."""
        if self.domain != DEFAULT_DOMAIN:
            return self.repository
        short = self.path.removeprefix(_OFFICIAL)
        return self.path if "/" in short else short

    @property
    def familiar(self) -> str:
        """`debian:12`: the whole reference as users see it."""
        return self.familiar_repository + self._suffix

    @property
    def _suffix(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    def with_tag(self, tag: str) -> "Reference":
        """The same repository under `tag`, without a digest. Raises InvalidArgument for a bad tag."""
        if not _TAG.fullmatch(tag):
            raise InvalidArgument("invalid tag format")
        return replace(self, tag=tag, digest="")

    def with_digest(self, digest: str) -> "Reference":
        """The same repository by `digest`, without a tag. Raises InvalidArgument for a bad digest."""
        _check_digest(digest)
        return replace(self, tag="", digest=digest)


def parse(text: str, *, default_tag: str = DEFAULT_TAG) -> Reference:
    """Normalises what a user typed; without tag and digest `default_tag` is filled in ("": none is).

    Raises InvalidArgument in Docker's words for anything outside the grammar, and for 64 hex digits, which are
    kept for ids.
    """
    if is_full_hex(text):
        raise InvalidArgument(f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings")
    name, _, digest = text.partition("@")
    if "@" in text:
        _check_digest(digest)
    domain, rest = _split_domain(name)
    path, colon, tag = rest.partition(":")
    if path != path.lower():
        raise InvalidArgument(f"invalid reference format: repository name ({path}) must be lowercase")
    if not _DOMAIN.fullmatch(domain) or not _PATH.fullmatch(path) or (colon and not _TAG.fullmatch(tag)):
        raise InvalidArgument("invalid reference format")
    if len(path) > _MAX_PATH:
        raise InvalidArgument(f"repository name must not be more than {_MAX_PATH} characters")
    return Reference(domain, path, tag if tag or digest else default_tag, digest)


def record_name(ref: str, image_id: str) -> str:
    """The name of the record that `ref` led to: how containerd's own tools look an image up.

    Empty where the image with the id `image_id` was asked for by that, or by its beginning.
    """
    named_by_id = image_id.removeprefix("sha256:").startswith(ref.removeprefix("sha256:"))
    return "" if named_by_id else parse(ref).canonical


def parse_new_name(repository: str, tag: str = "") -> Reference:
    """The name that tag, commit and import give an image: `tag`, else the one that `repository` carries, else `latest`.

    Raises InvalidArgument in Docker's words.
    """
    given = parse(repository, default_tag=DEFAULT_TAG)
    if given.digest:
        raise InvalidArgument("cannot import digest reference")
    if given.familiar_repository == "sha256":
        raise InvalidArgument("refusing to create an ambiguous tag using digest algorithm as name")
    return given.with_tag(tag) if tag else given


def _split_domain(name: str) -> tuple[str, str]:
    """The first component is a registry only if it could not be part of a path on Docker Hub."""
    first, slash, rest = name.partition("/")
    if not slash or (not any(c in first for c in ".:") and first != "localhost" and first == first.lower()):
        first, rest = DEFAULT_DOMAIN, name
    if first == _LEGACY_DOMAIN:
        first = DEFAULT_DOMAIN
    if first == DEFAULT_DOMAIN and "/" not in rest:
        rest = _OFFICIAL + rest
    return first, rest


def _check_digest(digest: str) -> None:
    if not _DIGEST.fullmatch(digest):
        raise InvalidArgument("invalid reference format")
    algorithm, _, encoded = digest.partition(":")
    if algorithm not in _DIGEST_LENGTHS:
        raise InvalidArgument("unsupported digest algorithm")
    if len(encoded) != _DIGEST_LENGTHS[algorithm] or encoded != encoded.lower():
        raise InvalidArgument("invalid checksum digest length")


def is_full_hex(text: str) -> bool:
    """64 lower-case hex digits: an id without its algorithm, never a repository name."""
    return len(text) == 64 and is_hex_prefix(text)


def is_hex_prefix(text: str) -> bool:
    """Could be the beginning of an id (a name may look like this too: `cafe`)."""
    return _HEX.fullmatch(text) is not None


def is_image_id(text: str) -> bool:
    """`sha256:` and 64 hex digits."""
    return text.startswith("sha256:") and is_full_hex(text.removeprefix("sha256:"))


def is_image_id_prefix(text: str) -> bool:
    """`sha256:` and at least one hex digit, or hex digits alone."""
    return is_hex_prefix(text.removeprefix("sha256:"))
