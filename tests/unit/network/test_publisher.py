import socket
from collections.abc import Sequence
from typing import Any

import pytest
from fakes.port_keeper import FakePortKeeper

from pier.domain.errors import Conflict, PierError
from pier.domain.network import Endpoint, PortBinding, PortRequest
from pier.network.publisher import Publisher
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


def make(firewall: Any, keeper: FakePortKeeper) -> Publisher:
    return Publisher(keeper=keeper, firewall=firewall, worker=Worker())


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
    adopted = await second.adopt("c1", done.published)
    assert adopted.sock is not None
    await second.release([adopted])
    assert keeper.kept == {}
