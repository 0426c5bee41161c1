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
    """A place to connect to: a unix socket (`path` set) or a TCP port (`host` and `port` set).

    `text` is what the user wrote and what error messages show.
    """

    __slots__ = ("host", "path", "port", "text", "tls")

    def __init__(self, text: str, path: str = "", host: str = "", port: int = 0, tls: TlsFiles | None = None) -> None:
        self.text = text
        self.path = path
        self.host = host
        self.port = port
        self.tls = tls


def parse_address(text: str, tls: TlsFiles | None = None) -> Address:
    """Read `unix:///path`, `tcp://host:port`, `http://host:port` or `host:port`; `tls` is for TCP.

    Raises AddressError for anything else; https and ssh are named as not supported yet.
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
    if scheme in ("https", "ssh", "fd", "npipe"):
        raise AddressError(f"{scheme}:// addresses are not supported yet: use unix:// or tcp://")
    raise AddressError(f"unable to parse host `{text}`: use unix:///path or tcp://host:port")


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
