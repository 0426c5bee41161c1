"""Host ports, reserved by bound sockets that nobody listens on.

The packet rules alone would let a host process bind the same port and lose its traffic; a bound socket makes the kernel
refuse it, and refuses us where a host process was first. The sockets live on in the keeper when pierd dies.
"""

import errno
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol

from pier.domain.errors import Conflict, InvalidArgument, PierError, Unsupported
from pier.domain.network import PortRequest, PublishedPort, parse_port_range
from pier.network.ruleset import ANY_ADDRESS, ANY_IPV6

KEEPER_PREFIX = "port/"  # of all our names in the keeper
_IPV6_ADDRESSES = Path("/proc/thread-self/net/if_inet6")
_LOCAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_ANY = 1 << 16
_KINDS = {
    "tcp": (socket.SOCK_STREAM, socket.IPPROTO_TCP),
    "udp": (socket.SOCK_DGRAM, socket.IPPROTO_UDP),
    "sctp": (socket.SOCK_STREAM, socket.IPPROTO_SCTP),
}


class Keeper(Protocol):
    """Holds named descriptors for us while pierd is away."""

    async def put(self, name: str, descriptor: int) -> None:
        """Keeps a duplicate under this name, replacing what it had."""
        ...

    async def take(self, name: str) -> int | None:
        """A new descriptor of what is kept under this name; None when there is nothing."""
        ...

    async def forget(self, *names: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Reservation:
    """One host port held for one container. `sock` is None when a restarted pierd could not get it back."""

    container_id: str
    published: PublishedPort
    sock: socket.socket | None

    @property
    def is_carried(self) -> bool:
        """An IPv6 address: where the packet rules do not reach, the relay carries what comes to it."""
        return ":" in self.published.host_ip

    @property
    def keeper_name(self) -> str:
        return keeper_name(self.container_id, self.published)


def keeper_name(container_id: str, port: PublishedPort) -> str:
    """What a port's socket is called in the keeper."""
    return f"{KEEPER_PREFIX}{container_id}/{port.protocol}/{port.host_ip}/{port.host_port}"


class PortTable:
    """Which host ports this engine holds. Its methods block (a bind for each try) but never for long; any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._held: dict[tuple[str, int], list[Reservation]] = {}  # by protocol and host port
        self._next_ephemeral: dict[tuple[str, str], int] = {}

    def reserve_all(
        self, container_id: str, requests: Sequence[PortRequest], default_ip: str, done: list[Reservation]
    ) -> None:
        """Reserves the ports and appends each to `done`, which the caller releases should one fail.

        Those that must have one number come first: what may have any must not take it from them.
        Raises Conflict for one in use, Unsupported, InvalidArgument.
        """
        for request in sorted(requests, key=_choices):
            with self._lock:
                done += self._reserve(container_id, request, default_ip)
        places = {(request.port, request.protocol): place for place, request in reversed([*enumerate(requests)])}
        done.sort(key=lambda one: places[one.published.port, one.published.protocol])

    def adopt(self, container_id: str, published: PublishedPort, descriptor: int | None) -> Reservation:
        """Takes over a port that a running container has: by the keeper's descriptor, else by binding it again.

        Where a host process was quicker the reservation is without a socket.
        """
        sock = None if descriptor is None else socket.socket(fileno=descriptor)
        if sock is None:
            try:
                sock = _bind(published.protocol, published.host_ip, published.host_port)
            except (OSError, PierError):
                sock = None
        with self._lock:
            return self._hold(Reservation(container_id, published, sock))

    def release(self, reservations: Sequence[Reservation]) -> None:
        """Closes their sockets and lets others have the ports; done again it changes nothing."""
        for reservation in reservations:
            with self._lock:
                self._drop(reservation)
            if reservation.sock is not None:
                reservation.sock.close()

    def keeper_names(self) -> frozenset[str]:
        """What the ports held now are called in the keeper."""
        with self._lock:
            return frozenset(one.keeper_name for several in self._held.values() for one in several)

    def close(self) -> None:
        """Closes pierd's own descriptors; the keeper's stay."""
        for reservations in self._held.values():
            for reservation in reservations:
                if reservation.sock is not None:
                    reservation.sock.close()
        self._held.clear()

    def _reserve(self, container_id: str, request: PortRequest, default_ip: str) -> list[Reservation]:
        """One number at every address that the request means."""
        addresses = _addresses(request, default_ip)
        host_ip = addresses[0]
        first, last = parse_port_range(request.binding.host_port)
        candidates = range(first, last + 1) if first else self._ephemeral(request.protocol, host_ip)
        is_choice = len(candidates) > 1
        refusal: Conflict | None = None
        for port in candidates:
            try:
                reservations = self._try_all(container_id, request, addresses, port)
            except Conflict as error:
                refusal = refusal or error
                continue
            if not first:
                self._next_ephemeral[request.protocol, host_ip] = port + 1
            return reservations
        if refusal is not None and not is_choice:
            raise refusal
        wanted = f"of {first}-{last}" if first else "in the kernel's range of ephemeral ports"
        raise Conflict(f"Bind for {host_ip} failed: all {request.protocol} ports {wanted} are allocated")

    def _try_all(
        self, container_id: str, request: PortRequest, addresses: Sequence[str], port: int
    ) -> list[Reservation]:
        done: list[Reservation] = []
        try:
            for host_ip in addresses:
                wanted = PublishedPort(port=request.port, protocol=request.protocol, host_ip=host_ip, host_port=port)
                done.append(self._try(container_id, wanted))
        except BaseException:
            self.release(done)
            raise
        return done

    def _try(self, container_id: str, published: PublishedPort) -> Reservation:
        host = f"[{published.host_ip}]" if ":" in published.host_ip else published.host_ip
        address = f"{host}:{published.host_port}"
        if self._is_held(published):
            raise Conflict(f"Bind for {address} failed: port is already allocated")
        try:
            sock = _bind(published.protocol, published.host_ip, published.host_port)
        except OSError as error:
            raise _explain(error, address, published.protocol) from error
        return self._hold(Reservation(container_id, published, sock))

    def _hold(self, reservation: Reservation) -> Reservation:
        key = reservation.published.protocol, reservation.published.host_port
        self._held.setdefault(key, []).append(reservation)
        return reservation

    def _drop(self, reservation: Reservation) -> None:
        key = reservation.published.protocol, reservation.published.host_port
        holders = self._held.get(key, [])
        if reservation in holders:
            holders.remove(reservation)
        if not holders:
            self._held.pop(key, None)

    def _is_held(self, wanted: PublishedPort) -> bool:
        held = self._held.get((wanted.protocol, wanted.host_port), [])
        return any(_overlap(wanted.host_ip, other.published.host_ip) for other in held)

    def _ephemeral(self, protocol: str, host_ip: str) -> Sequence[int]:
        """The kernel's ephemeral ports, beginning after the one given last."""
        first, last = _ephemeral_range()
        start = self._next_ephemeral.get((protocol, host_ip), first)
        start = start if first <= start <= last else first
        return [*range(start, last + 1), *range(first, start)]


def _choices(request: PortRequest) -> int:
    """How many numbers will do for it."""
    first, last = parse_port_range(request.binding.host_port)
    return last - first + 1 if first else _ANY


def _bind(protocol: str, host_ip: str, port: int) -> socket.socket:
    """A socket bound to the port, not listening. Raises OSError."""
    try:
        return _bind_once(protocol, host_ip, port, reuse=False)
    except OSError as error:
        if error.errno != errno.EADDRINUSE or protocol != "tcp":
            raise
    # It may only be connections that a former server left in TIME_WAIT, which SO_REUSEADDR looks past. The kernel then
    # also looks past bound sockets that do not listen; only listen() tells those apart.
    sock = _bind_once(protocol, host_ip, port, reuse=True)
    try:
        sock.listen(0)
        sock.shutdown(socket.SHUT_RDWR)  # back to bound
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)  # from here on nobody looks past us
    except OSError:
        sock.close()
        raise
    return sock


def _bind_once(protocol: str, host_ip: str, port: int, *, reuse: bool) -> socket.socket:
    kind, number = _KINDS[protocol]
    family = socket.AF_INET6 if ":" in host_ip else socket.AF_INET
    sock = socket.socket(family, kind | socket.SOCK_CLOEXEC, number)
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if reuse:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host_ip, port))
    except OSError:
        sock.close()
        raise
    return sock


def _explain(error: OSError, address: str, protocol: str) -> PierError:
    if error.errno == errno.EADDRINUSE:
        return Conflict(f"failed to bind host port {address}/{protocol}: address already in use")
    if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        return Conflict(f"failed to bind host port {address}/{protocol}: cannot assign requested address")
    if error.errno in (errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT):
        return Unsupported(f"cannot publish {address}/{protocol}: this kernel has no {protocol}")
    return PierError(f"failed to bind host port {address}/{protocol}: {error.strerror}")


def _addresses(request: PortRequest, default_ip: str) -> list[str]:
    """The host addresses that a request means: without one every address, of IPv6 too where the host has it."""
    host_ip = _parse_host_ip(request.binding.host_ip or default_ip)
    if ":" in host_ip and request.protocol == "sctp":
        raise Unsupported(f"cannot publish an sctp port on {host_ip}: Pier carries tcp and udp only to IPv4 containers")
    if request.binding.host_ip or host_ip != ANY_ADDRESS or request.protocol == "sctp" or not _has_ipv6():
        return [host_ip]
    return [host_ip, ANY_IPV6]


def _has_ipv6() -> bool:
    """Whether any interface of this host has an IPv6 address."""
    try:
        return bool(_IPV6_ADDRESSES.read_text())
    except FileNotFoundError:
        return False


def _overlap(one: str, other: str) -> bool:
    same_family = (":" in one) == (":" in other)
    return same_family and (one == other or bool({ANY_ADDRESS, ANY_IPV6} & {one, other}))


def _parse_host_ip(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError as error:
        raise InvalidArgument(f"invalid host address {text!r} of a published port: not an IP address") from error


def _ephemeral_range() -> tuple[int, int]:
    first, last = _LOCAL_RANGE.read_text().split()
    return int(first), int(last)
