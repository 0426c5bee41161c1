"""Where the engine listens: the text of -H, PIER_HOST or DOCKER_HOST, read into a socket address."""

from pier.client.errors import AddressError

DEFAULT_ADDRESS = "unix:///run/pier/pier.sock"
DEFAULT_TCP_PORT = 2375
TLS_PORT = 2376


class TlsFiles:
    """How to speak TLS: paths of PEM files, "" for none; without `verify` the engine's certificate is not looked at."""

    __slots__ = ("ca", "certificate", "key", "verify")

    def __init__(self, ca: str = "", certificate: str = "", key: str = "", *, verify: bool = True) -> None:
        self.ca = ca
        self.certificate = certificate
        self.key = key
        self.verify = verify


class Address:
    """A place to connect to: a unix socket (`path` set), a TCP port (`host` and `port` set), or a host by ssh (`ssh`
    set: the arguments of that program).

    `text` is what the user wrote and what error messages show.
    """

    __slots__ = ("host", "path", "port", "ssh", "text", "tls")

    def __init__(
        self,
        text: str,
        path: str = "",
        host: str = "",
        port: int = 0,
        tls: TlsFiles | None = None,
        ssh: "tuple[str, ...]" = (),
    ) -> None:
        self.text = text
        self.path = path
        self.host = host
        self.port = port
        self.tls = tls
        self.ssh = ssh


def parse_address(text: str, tls: TlsFiles | None = None) -> Address:
    """Read `unix:///path`, `tcp://host:port`, `http://host:port`, `host:port` or `ssh://[user@]host[:port][/socket]`.

    `tls` is for TCP. Raises AddressError for anything else; https is named as not supported yet.
    """
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "tcp", text
    if scheme == "unix":
        if not rest:
            raise AddressError(f"unable to parse host `{text}`: a unix address needs a path, as in {DEFAULT_ADDRESS}")
        return Address(text, path=rest)
    if scheme in ("tcp", "http"):
        host, port = _host_and_port(text, rest.partition("/")[0], DEFAULT_TCP_PORT if tls is None else TLS_PORT)
        return Address(text, host=host, port=port, tls=tls)
    if scheme == "ssh":
        return Address(text, host="localhost", ssh=_ssh_arguments(text, rest))
    if scheme in ("https", "fd", "npipe"):
        raise AddressError(f"{scheme}:// addresses are not supported yet: use unix://, tcp:// or ssh://")
    raise AddressError(f"unable to parse host `{text}`: use unix:///path or tcp://host:port")


def _ssh_arguments(text: str, rest: str) -> "tuple[str, ...]":
    """What ssh is called with; at the far end a pier carries the API between its streams and its engine."""
    place, _, socket = rest.partition("/")
    user, at, place = place.rpartition("@")
    host, port = _host_and_port(text, place, 0)
    if not place or host.startswith("-") or user.startswith("-"):
        raise AddressError(f"unable to parse host `{text}`: use ssh://[user@]host[:port]")
    far = ("-H", f"unix:///{socket}") if socket else ()
    return (
        *("-o", "ConnectTimeout=30", "-T"),
        *(("-l", user) if at else ()),
        *(("-p", str(port)) if port else ()),
        *("--", host, "pier", *far, "system", "dial-stdio"),
    )


def _host_and_port(text: str, rest: str, default: int) -> tuple[str, int]:
    if rest.startswith("["):
        host, _, tail = rest[1:].partition("]")
        port = tail.removeprefix(":")
    else:
        host, _, port = rest.partition(":")
    if not port:
        return host or "127.0.0.1", default
    if not port.isdecimal() or int(port) > 65535:
        raise AddressError(f"unable to parse host `{text}`: {port!r} is not a port")
    return host or "127.0.0.1", int(port)
