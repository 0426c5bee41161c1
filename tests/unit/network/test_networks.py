"""What needs no kernel, and what a failure leaves; the rest is in tests/integration/network."""

from pathlib import Path

import pytest
from fakes.networks import FakeNetworks
from fakes.port_keeper import FakePortKeeper
from support.netlab import Lab

from pier.domain.errors import InvalidArgument, NotFound
from pier.domain.network import EndpointRequest, Network
from pier.engine.ports import Networks as NetworksPort
from pier.network.networks import Networks


def make(directory: Path, instance: str = "x") -> Networks:
    return Networks(exec_root=directory, instance=instance, keeper=FakePortKeeper())


def test_real_and_fake_fit_the_port(tmp_path: Path) -> None:
    ports: list[NetworksPort] = [make(tmp_path), FakeNetworks()]
    assert [port.netns_path("c1").endswith("/netns/c1") for port in ports] == [True, True]


@pytest.mark.parametrize("instance", ["", "a b", 'a"', "-x", "x" * 33])
def test_instance_name_must_fit_an_nft_table(tmp_path: Path, instance: str) -> None:
    with pytest.raises(InvalidArgument, match="instance name"):
        make(tmp_path, instance)


@pytest.mark.parametrize("driver", ["host", "null"])
async def test_drivers_without_links_give_an_endpoint_without_address(tmp_path: Path, driver: str) -> None:
    networks = make(tmp_path)
    network = await networks.create(Network(id="n" * 64, name=driver, driver=driver))
    endpoint = await networks.connect("c1", network, EndpointRequest(), endpoint_id="e1", interface="eth0")
    assert (endpoint.network_name, endpoint.endpoint_id, endpoint.ipv4_address) == (driver, "e1", "")
    await networks.disconnect("c1", endpoint)
    await networks.stop()


@pytest.mark.root
def test_failed_connection_gives_its_address_back(lab: Lab, tmp_path: Path) -> None:
    async def run() -> None:
        networks = make(tmp_path)
        await networks.start([], {})
        network = await networks.create(Network(id="n" * 64, name="web", driver="bridge", bridge="pier0"))
        fixed, outside = EndpointRequest(ipv4_address="172.17.0.9"), EndpointRequest(ipv4_address="10.9.9.9")
        for _ in range(2):
            with pytest.raises(NotFound, match="no network namespace"):
                await networks.connect("c1", network, fixed, endpoint_id="e1", interface="eth0")
        with pytest.raises(InvalidArgument):
            await networks.connect("c2", network, outside, endpoint_id="e2", interface="eth0")
        assert "c2" not in networks._attachments
        await networks.open_netns("c1", {})
        with pytest.raises(Exception, match="cannot connect container c1"):
            await networks.connect("c1", network, fixed, endpoint_id="e1", interface="lo")
        assert "veth" not in _links()
        await networks.connect("c1", network, fixed, endpoint_id="e1", interface="eth0")
        await networks.teardown()
        await networks.stop()

    lab.run(run())


def _links() -> str:
    return Path("/proc/thread-self/net/dev").read_text()
