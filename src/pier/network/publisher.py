"""Publishes ports: a reservation, its copy in the keeper, and an element in the rules, in this order.

Where no rule reaches, or none shall, the relay serves what is reserved. The policy says which:

- `open`: rules, so that clients keep their address. The host's own firewall for what comes to it does not see them.
- `obey-firewall`: the relay alone, as a process of the host that listens: what the firewall lets in gets through.
- `loopback-only`: nothing but loopback addresses, which also stand where no address was asked for.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from functools import partial
from ipaddress import ip_address

from pier.domain.errors import PermissionDenied, Unavailable, Unsupported
from pier.domain.network import Endpoint, PortRequest, PublishedPort
from pier.network.attachment import port_rules
from pier.network.firewall import Firewall
from pier.network.ports import KEEPER_PREFIX, Keeper, PortTable, Reservation, keeper_name
from pier.network.relay.client import Relay, Served
from pier.network.ruleset import ANY_ADDRESS, ANY_IPV6, PortRule
from pier.network.worker import Worker

_log = logging.getLogger(__name__)


_ALWAYS_CARRIED = (ANY_IPV6, "::1")  # no rule leads from ::1 into a bridge


class Publisher:
    """Owns the engine's host ports."""

    def __init__(
        self,
        *,
        keeper: Keeper,
        firewall: Firewall,
        relay: Relay,
        worker: Worker,
        policy: str = "open",
        access: Callable[[Endpoint], str] = lambda endpoint: "",
    ) -> None:
        """`access`: who reaches an endpoint's published ports at its own address too: all (`direct`), `trusted`, ``."""
        self._policy = policy
        self._access = access
        self._keeper = keeper
        self._relay = relay
        self._firewall = firewall
        self._worker = worker
        self._ports = PortTable()

    async def publish(
        self,
        container_id: str,
        endpoint: Endpoint,
        requests: Sequence[PortRequest],
        default_ip: str,
        *,
        routed: Collection[int] = (),
    ) -> list[Reservation]:
        """All of the ports or none. In the IP versions that are `routed` no port of the host is taken.

        Raises Conflict, InvalidArgument, Unsupported, PermissionDenied for what the policy forbids.
        """
        done: list[Reservation] = []
        if routed and requests and self._policy == "loopback-only":
            raise PermissionDenied("cannot publish a port on a routed network: `published-ports` is loopback-only")
        direct, requests = split_routed(container_id, endpoint, requests, default_ip, routed)
        requests = [_fitting(self._allowed(request, default_ip), endpoint, default_ip) for request in requests]
        try:
            reserve = partial(self._ports.reserve_all, container_id, requests, default_ip, done)
            await self._worker.run("reserve host ports", reserve)
            for reservation in done:
                await self._keep(reservation)
            explicit = self._carries_all or any(":" in request.binding.host_ip for request in requests)
            await self._carry_all(endpoint, done, explicit=explicit)
            done += direct
            if direct:  # IPv4 in front, also where it is the one that is routed
                done.sort(key=lambda reservation: version_of(reservation.published.host_ip))
            rules = self.rules(endpoint, done)
            await self._worker.run("publish ports", lambda: self._firewall.change_ports(added=rules))
        except BaseException:
            await self.release(done)
            raise
        return done

    @property
    def _carries_all(self) -> bool:
        return self._policy == "obey-firewall"

    def rules(self, endpoint: Endpoint, reservations: Iterable[Reservation]) -> list[PortRule]:
        """What the packet rules are to do for these ports."""
        rules = port_rules(endpoint, reservations)
        access = self._access(endpoint) if self._policy == "open" else ""
        opened = [inside(rule, exposed=access == "trusted") for rule in rules if access and not is_local(rule.host_ip)]
        kept = [rule for rule in rules if not (self._carries_all and rule.host_port)]
        return list(dict.fromkeys([*kept, *opened]))

    def _allowed(self, request: PortRequest, default_ip: str) -> PortRequest:
        host_ip = request.binding.host_ip or default_ip
        if self._policy != "loopback-only" or host_ip == "::1" or host_ip.startswith("127."):
            return request
        if request.binding.host_ip or host_ip != ANY_ADDRESS:
            raise PermissionDenied(
                f"cannot publish a port on {host_ip}: this engine's policy `published-ports` is loopback-only; "
                "bind it to 127.0.0.1 or ::1"
            )
        return replace(request, binding=replace(request.binding, host_ip="127.0.0.1"))

    async def withdraw(self, container_id: str, endpoint: Endpoint, reservations: Sequence[Reservation]) -> None:
        """Takes an endpoint's ports out of the rules and gives them free; idempotent."""
        rules = self.rules(endpoint, reservations)
        if rules:
            await self._worker.run("withdraw published ports", lambda: self._firewall.change_ports(removed=rules))
        await self.release(reservations)
        known = {reservation.published for reservation in reservations}
        for published in endpoint.published:
            if published not in known:  # kept for a container that ended while pierd was away
                await self._keeper.forget(keeper_name(container_id, published))

    async def adopt(self, container_id: str, endpoint: Endpoint, published: PublishedPort) -> Reservation:
        """Takes a running container's port over from before pierd was restarted."""
        if not published.host_port:
            return Reservation(container_id, published, None)
        descriptor = await self._keeper.take(keeper_name(container_id, published))
        reservation = self._ports.adopt(container_id, published, descriptor)
        await self._keep(reservation)
        try:
            await self._carry(endpoint, reservation)
        except Unavailable as error:
            _log.error("a port of container %s is lost: %s", container_id, error.message)
        return reservation

    async def stop_carrying_others(self) -> None:
        """Ends what the relay of an earlier pierd serves and nobody has adopted."""
        names = self._ports.keeper_names()
        await self._worker.run("look after the relay", lambda: self._relay.adopt(names))

    def refresh(self) -> None:
        """Sees to it that the relay serves what it should; blocks."""
        self._relay.refresh()

    async def forget_others(self, kept: Sequence[str]) -> None:
        """Lets the keeper drop, of these names in it, every port that nobody has adopted."""
        held = self._ports.keeper_names()
        for name in kept:
            if name.startswith(KEEPER_PREFIX) and name not in held:
                await self._keeper.forget(name)

    async def release(self, reservations: Sequence[Reservation]) -> None:
        """Frees the reservations, leaving the rules as they are."""
        carried = [one.keeper_name for one in reservations if one.is_carried or self._carries_all]
        if carried:
            await self._worker.run("stop carrying ports", lambda: self._relay.stop(*carried))
        if reservations:
            await self._keeper.forget(*(reservation.keeper_name for reservation in reservations))
        self._ports.release(reservations)

    def close(self) -> None:
        """Closes pierd's own descriptors; the keeper's stay."""
        self._relay.close()
        self._ports.close()

    async def _carry_all(self, endpoint: Endpoint, reservations: list[Reservation], *, explicit: bool) -> None:
        """Takes those out of the list that cannot be carried, unless they were asked for. Raises Unavailable."""
        for reservation in [one for one in reservations if one.is_carried or self._carries_all]:
            try:
                await self._carry(endpoint, reservation)
            except Unavailable as error:
                if explicit:
                    raise
                _log.error("a port is not published on IPv6: %s", error.message)
                await self.release([reservation])
                reservations.remove(reservation)

    async def _carry(self, endpoint: Endpoint, reservation: Reservation) -> None:
        published = reservation.published
        if reservation.sock is None or not (reservation.is_carried or self._carries_all):
            return
        if endpoint.ipv6_address and published.host_ip not in _ALWAYS_CARRIED and not self._carries_all:
            return  # the packet rules reach it
        address = endpoint.ipv4_address or endpoint.ipv6_address
        served = Served(reservation.sock, published.protocol, address, published.port)
        await self._worker.run("carry ports", lambda: self._relay.serve(reservation.keeper_name, served))

    async def _keep(self, reservation: Reservation) -> None:
        if reservation.sock is not None:
            await self._keeper.put(reservation.keeper_name, reservation.sock.fileno())


def _fitting(request: PortRequest, endpoint: Endpoint, default_ip: str) -> PortRequest:
    """A container without IPv4 is reached by IPv6 addresses of the host only. Raises Unsupported for another."""
    host_ip = request.binding.host_ip or default_ip
    if endpoint.ipv4_address or not endpoint.ipv6_address or ":" in host_ip:
        return request
    if host_ip != ANY_ADDRESS:
        raise Unsupported(f"cannot publish a port on {host_ip}: the container has IPv6 addresses only")
    return replace(request, binding=replace(request.binding, host_ip=ANY_IPV6))


def split_routed(
    container_id: str,
    endpoint: Endpoint,
    requests: Iterable[PortRequest],
    default_ip: str,
    routed: Collection[int],
) -> tuple[list[Reservation], list[PortRequest]]:
    """What is let in without a port of the host, in the IP versions that are routed; and the requests that are left."""
    direct: list[Reservation] = []
    left: list[PortRequest] = []
    for request in requests:
        host_ip = request.binding.host_ip or default_ip
        anywhere = not request.binding.host_ip and host_ip == ANY_ADDRESS
        wanted = [ANY_ADDRESS, ANY_IPV6] if anywhere else [host_ip]
        mine = [one for one in wanted if version_of(one) in routed and _has(endpoint, version_of(one))]
        for one in mine:
            published = PublishedPort(port=request.port, protocol=request.protocol, host_ip=one, host_port=0)
            direct.append(Reservation(container_id, published, None))
        rest = [one for one in wanted if one not in mine and _has(endpoint, version_of(one))]
        if not mine:
            left.append(request)
        elif rest:
            left.append(replace(request, binding=replace(request.binding, host_ip=rest[0])))
    return direct, left


def inside(rule: PortRule, *, exposed: bool) -> PortRule:
    """What lets packets for the container's own address and port pass."""
    host_ip = ANY_IPV6 if version_of(rule.host_ip) == 6 else ANY_ADDRESS
    return replace(rule, host_ip=host_ip, host_port=0, exposed=exposed)


def is_local(host_ip: str) -> bool:
    """What is published there is for the host alone."""
    return ip_address(host_ip).is_loopback


def version_of(host_ip: str) -> int:
    return 6 if ":" in host_ip else 4


def _has(endpoint: Endpoint, version: int) -> bool:
    return bool(endpoint.ipv6_address if version == 6 else endpoint.ipv4_address)
