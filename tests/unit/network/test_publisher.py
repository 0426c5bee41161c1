import socket
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import pytest
from fakes.port_keeper import FakePortKeeper

from pier.domain.errors import Conflict, PermissionDenied, PierError, Unavailable
from pier.domain.network import Endpoint, PortBinding, PortRequest, PublishedPort
from pier.network.ports import Reservation
from pier.network.publisher import Publisher, split_routed
from pier.network.relay.client import Served
from pier.network.ruleset import PortRule
from pier.network.worker import Worker

ENDPOINT = Endpoint(network_id="n", network_name="web", endpoint_id="e1", ipv4_address="10.1.0.2")


class FakeFirewall:
    def __init__(self) -> None:
        self.ports: list[PortRule] = []
        self.error: PierError | None = None

    def change_ports(self, *, added: Sequence[PortRule] = (), removed: Sequence[PortRule] = ()) -> None:
        if self.error:
            raise self.error
        self.ports = [port for port in self.ports if port not in removed] + list(added)


class FakeRelay:
    def __init__(self) -> None:
        self.served: dict[str, Served] = {}
        self.error: Unavailable | None = None
        self.refreshed = 0

    def serve(self, name: str, served: Served) -> None:
        if self.error:
            raise self.error
        self.served[name] = served

    def stop(self, *names: str) -> None:
        for name in names:
            self.served.pop(name, None)

    def adopt(self, kept: Collection[str]) -> None:
        self.stop(*(set(self.served) - set(kept)))

    def refresh(self) -> None:
        self.refreshed += 1

    def close(self) -> None:
        self.served.clear()


def make(firewall: Any, keeper: FakePortKeeper, relay: Any = None, policy: str = "open") -> Publisher:
    carrier: Any = relay or FakeRelay()
    return Publisher(keeper=keeper, firewall=firewall, relay=carrier, worker=Worker(), policy=policy)


def held(host_ip: str, host_port: int) -> Reservation:
    return Reservation("c", PublishedPort(port=80, protocol="tcp", host_ip=host_ip, host_port=host_port), None)


def request(port: int) -> PortRequest:
    return PortRequest(port=80, protocol="tcp", binding=PortBinding(host_ip="127.0.0.1", host_port=str(port)))


async def test_published_port_is_held_kept_and_ruled_and_withdrawn_again() -> None:
    firewall, keeper = FakeFirewall(), FakePortKeeper()
    publisher = make(firewall, keeper)
    done = await publisher.publish("c1", ENDPOINT, [request(21101)], "0.0.0.0")
    assert list(keeper.kept) == ["port/c1/tcp/127.0.0.1/21101"]
    assert [port.host_port for port in firewall.ports] == [21101]

    await publisher.withdraw("c1", ENDPOINT, done)
    await publisher.withdraw("c1", ENDPOINT, done)
    assert keeper.kept == {}
    assert firewall.ports == []
    with socket.socket() as other:
        other.bind(("127.0.0.1", 21101))


async def test_who_has_no_port_does_not_wait_for_the_packet_filter() -> None:
    firewall = FakeFirewall()
    firewall.error = PierError("asked")
    await make(firewall, FakePortKeeper()).withdraw("c1", ENDPOINT, [])


async def test_all_ports_or_none() -> None:
    firewall, keeper = FakeFirewall(), FakePortKeeper()
    publisher = make(firewall, keeper)
    with pytest.raises(Conflict, match="already allocated"):
        await publisher.publish("c1", ENDPOINT, [request(21102), request(21102)], "0.0.0.0")
    firewall.error = PierError("the packet filter refused a change")
    with pytest.raises(PierError, match="refused"):
        await publisher.publish("c1", ENDPOINT, [request(21102)], "0.0.0.0")
    assert keeper.kept == {}
    with socket.socket() as other:
        other.bind(("127.0.0.1", 21102))


async def test_kept_ports_that_nobody_adopted_are_forgotten_and_others_names_left_alone() -> None:
    keeper = FakePortKeeper()
    publisher = make(FakeFirewall(), keeper)
    (done,) = await publisher.publish("c1", ENDPOINT, [request(21104)], "0.0.0.0")
    assert done.sock is not None
    await keeper.put("port/gone/tcp/0.0.0.0/80", done.sock.fileno())
    await keeper.put("io/c1/stdout", done.sock.fileno())
    await publisher.forget_others(list(keeper.kept))
    assert sorted(keeper.kept) == ["io/c1/stdout", "port/c1/tcp/127.0.0.1/21104"]
    await publisher.release([done])
    keeper.close()


async def test_port_survives_the_engine_in_the_keeper() -> None:
    keeper = FakePortKeeper()
    first = make(FakeFirewall(), keeper)
    (done,) = await first.publish("c1", ENDPOINT, [request(21103)], "0.0.0.0")
    first.close()
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", 21103))

    second = make(FakeFirewall(), keeper)
    adopted = await second.adopt("c1", ENDPOINT, done.published)
    assert adopted.sock is not None
    await second.release([adopted])
    assert keeper.kept == {}


def six(port: int, host_ip: str = "::1") -> PortRequest:
    return PortRequest(port=80, protocol="tcp", binding=PortBinding(host_ip=host_ip, host_port=str(port)))


async def test_an_ipv6_address_is_carried_and_has_no_rule() -> None:
    firewall, keeper, relay = FakeFirewall(), FakePortKeeper(), FakeRelay()
    publisher = make(firewall, keeper, relay)
    done = await publisher.publish("c1", ENDPOINT, [six(21120)], "0.0.0.0")
    (name,) = keeper.kept
    served = relay.served[name]
    assert (served.protocol, served.address, served.port) == ("tcp", "10.1.0.2", 80)
    assert firewall.ports == []

    second = make(FakeFirewall(), keeper, relay)  # a pierd that was started anew
    relay.served["port/c9/tcp/::1/1"] = served
    adopted = await second.adopt("c1", ENDPOINT, done[0].published)
    await second.stop_carrying_others()
    assert list(relay.served) == [name]
    second.refresh()
    assert relay.refreshed == 1
    await second.release([adopted])
    assert relay.served == {}
    await publisher.release(done)
    keeper.close()


async def test_without_a_relay_only_what_was_asked_for_in_ipv6_fails(caplog: pytest.LogCaptureFixture) -> None:
    firewall, keeper, relay = FakeFirewall(), FakePortKeeper(), FakeRelay()
    relay.error = Unavailable("no relay")
    publisher = make(firewall, keeper, relay)
    with pytest.raises(Unavailable, match="no relay"):
        await publisher.publish("c1", ENDPOINT, [six(21121)], "0.0.0.0")
    assert keeper.kept == {}
    done = await publisher.publish("c1", ENDPOINT, [six(21121, "")], "0.0.0.0")
    assert [one.published.host_ip for one in done] == ["0.0.0.0"]
    assert "not published on IPv6: no relay" in caplog.text
    with socket.socket(socket.AF_INET6) as other:
        other.bind(("::1", 21121))
    await publisher.release(done)
    assert keeper.kept == {}


async def test_the_policy_decides_who_carries_and_where() -> None:
    firewall, keeper, relay = FakeFirewall(), FakePortKeeper(), FakeRelay()
    obeying = make(firewall, keeper, relay, policy="obey-firewall")
    done = await obeying.publish("c1", ENDPOINT, [request(21130)], "0.0.0.0")
    assert firewall.ports == []
    assert set(relay.served) == set(keeper.kept)
    await obeying.release(done)
    assert relay.served == {}
    local = make(firewall, keeper, relay, policy="loopback-only")
    anywhere = PortRequest(port=80, protocol="tcp", binding=PortBinding(host_port="21131"))
    done = await local.publish("c1", ENDPOINT, [anywhere], "0.0.0.0")
    assert [one.published.host_ip for one in done] == ["127.0.0.1"]
    for host_ip, default in (("0.0.0.0", "0.0.0.0"), ("", "192.0.2.1")):
        wanted = PortRequest(port=80, protocol="tcp", binding=PortBinding(host_ip=host_ip, host_port="21132"))
        with pytest.raises(PermissionDenied, match="loopback-only"):
            await local.publish("c1", ENDPOINT, [wanted], default)
    await local.release(done)
    keeper.close()


def test_routed_families_take_no_port_of_the_host() -> None:
    both = replace(ENDPOINT, ipv6_address="fd00::2")
    anywhere = PortRequest(port=80, protocol="tcp", binding=PortBinding(host_port="8080"))
    for endpoint, routed, direct, left in (
        (ENDPOINT, {4}, ["0.0.0.0"], []),
        (both, {4}, ["0.0.0.0"], ["::"]),
        (both, {6}, ["::"], ["0.0.0.0"]),
        (both, {4, 6}, ["0.0.0.0", "::"], []),
        (both, set(), [], [""]),
        (ENDPOINT, {6}, [], [""]),
    ):
        done, rest = split_routed("c1", endpoint, [anywhere], "0.0.0.0", routed)
        assert [(one.published.host_ip, one.published.host_port) for one in done] == [(ip, 0) for ip in direct]
        assert [one.binding.host_ip for one in rest] == left


async def test_who_reaches_the_containers_own_address() -> None:
    def made(access: str, policy: str = "open") -> list[tuple[str, int, bool]]:
        publisher = Publisher(
            keeper=FakePortKeeper(),
            firewall=FakeFirewall(),  # type: ignore[arg-type]  # fits what is used of it
            relay=FakeRelay(),  # type: ignore[arg-type]  # as above
            worker=Worker(),
            policy=policy,
            access=lambda endpoint: access,
        )
        rules = publisher.rules(ENDPOINT, [held("0.0.0.0", 8080), held("0.0.0.0", 8081), held("127.0.0.1", 90)])
        return [(rule.address, rule.port, rule.exposed) for rule in rules if not rule.host_port]

    assert made("") == []
    assert made("direct") == [("10.1.0.2", 80, False)]  # once, and not for what is on loopback alone
    assert made("trusted") == [("10.1.0.2", 80, True)]
    assert made("direct", "obey-firewall") == []
    assert made("trusted", "loopback-only") == []
