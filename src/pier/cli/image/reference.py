"""Names of images as people write them and as the API wants them: `x` is `docker.io/library/x:latest`."""

from pier.cli.errors import CliError

DEFAULT_DOMAIN = "docker.io"
DEFAULT_TAG = "latest"
_NAME_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-/")
_TAG_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


class Reference:
    """A name in parts: registry domain, path within it, and a tag or a digest ("" for neither)."""

    __slots__ = ("digest", "domain", "path", "tag")

    def __init__(self, domain: str, path: str, tag: str, digest: str) -> None:
        self.domain = domain
        self.path = path
        self.tag = tag
        self.digest = digest

    @property
    def repository(self) -> str:
        """Domain and path, in full."""
        return f"{self.domain}/{self.path}"

    @property
    def selector(self) -> str:
        """The digest, else the tag, else `latest`: what the API's `tag` is set to."""
        return self.digest or self.tag or DEFAULT_TAG

    @property
    def full(self) -> str:
        """`docker.io/library/x:latest`."""
        return f"{self.repository}{'@' if self.digest else ':'}{self.selector}"

    @property
    def familiar(self) -> str:
        """`x:latest`: without what everybody adds in their head."""
        name = self.repository
        if self.domain == DEFAULT_DOMAIN:
            name = self.path.removeprefix("library/")
        return f"{name}{'@' if self.digest else ':'}{self.selector}"


def parse_reference(text: str) -> Reference:
    """Read a name. Raises CliError when it is not one."""
    rest, at, digest = text.partition("@")
    if at and not _is_digest(digest):
        raise CliError(f'invalid reference format: "{digest}" is not a digest')
    head, slash, tail = rest.rpartition("/")
    last, colon, tag = tail.partition(":")
    name = f"{head}{slash}{last}"
    if colon and not (0 < len(tag) <= 128 and set(tag) <= _TAG_LETTERS and tag[0] not in ".-"):
        raise CliError("invalid reference format")
    first, slash, path = name.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost" or first != first.lower()):
        first, path = DEFAULT_DOMAIN, name
    if first in ("index.docker.io", DEFAULT_DOMAIN):
        first = DEFAULT_DOMAIN
        path = path if "/" in path else f"library/{path}"
    if path != path.lower():
        raise CliError(f"invalid reference format: repository name ({path}) must be lowercase")
    if not path.removeprefix("library/") or not set(path) <= _NAME_LETTERS or not all(path.split("/")):
        raise CliError("invalid reference format")
    return Reference(first, path, tag, digest)


def _is_digest(text: str) -> bool:
    algorithm, colon, value = text.partition(":")
    return bool(algorithm and colon) and len(value) >= 32 and all(digit in "0123456789abcdef" for digit in value)
