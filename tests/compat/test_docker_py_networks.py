"""docker-py against Pier: networks with IPv6, addresses and links; volumes that lie elsewhere, and mounts."""

from collections.abc import Iterator

import docker
import pytest
from docker.types import EndpointConfig, IPAMConfig, IPAMPool, Mount
from support.engine import Engine

pytestmark = [pytest.mark.root, pytest.mark.containerd, pytest.mark.compat]
API = "1.47"


@pytest.fixture
def client(engine: Engine) -> Iterator[docker.DockerClient]:
    made = docker.DockerClient(base_url=engine.host, timeout=60)
    yield made
    made.close()


def test_a_network_of_both_families(client: docker.DockerClient, image: str) -> None:
    pools = [IPAMPool(subnet="10.233.1.0/24", gateway="10.233.1.9"), IPAMPool(subnet="fd5e:9::/64")]
    network = client.networks.create("both", ipam=IPAMConfig(pool_configs=pools), enable_ipv6=True)
    server = client.containers.create(image, ["sleep", "100"], name="server", network="both")
    network.disconnect(server)
    network.connect(server, ipv4_address="10.233.1.77", ipv6_address="fd5e:9::77", aliases=["www"])
    server.start()
    other = client.containers.run(image, ["sleep", "100"], name="other", detach=True)
    network.connect(other, links={"server": "db"})
    assert other.exec_run("ping -c1 -w10 10.233.1.77").exit_code == 0
    assert other.exec_run("ping -6 -c1 -w10 fd5e:9::77").exit_code == 0
    for name in ("server", "www", "db"):
        assert b"10.233.1.77" in other.exec_run(["nslookup", name]).output
    network.reload()
    members = {one["Name"]: one for one in network.attrs["Containers"].values()}
    assert members["server"]["IPv6Address"] == "fd5e:9::77/64"
    network.disconnect(other)
    for container in (server, other):
        container.remove(force=True)
    network.remove()


def test_links_of_the_default_bridge(client: docker.DockerClient, image: str) -> None:
    client.containers.run(image, ["sleep", "100"], name="db", detach=True, environment=["KEY=value"])
    output = client.containers.run(image, ["env"], name="web", links={"db": "data"}, remove=True)
    assert b"DATA_ENV_KEY=value" in output.splitlines()


def test_endpoint_options_reach_the_container(client: docker.DockerClient, image: str) -> None:
    network = client.networks.create("opts", options={"com.docker.network.driver.mtu": "1400"})
    key = "com.docker.network.endpoint.sysctls"
    endpoint = EndpointConfig(
        API, driver_opt={key: "net.ipv4.conf.IFNAME.log_martians=1"}, link_local_ips=["169.254.9.9"]
    )
    script = "cat /sys/class/net/eth0/mtu /proc/sys/net/ipv4/conf/eth0/log_martians; ip addr show eth0"
    output = client.containers.run(
        image, ["sh", "-c", script], network="opts", networking_config={"opts": endpoint}, remove=True
    )
    assert output.splitlines()[:2] == [b"1400", b"1"]
    assert b"169.254.9.9/16" in output
    network.remove()


def test_volumes_that_are_mounted_on_use(client: docker.DockerClient, image: str) -> None:
    options = {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}
    volume = client.volumes.create("quick", driver="local", driver_opts=options)
    assert volume.attrs["Options"] == options
    mount = Mount("/q", "quick", type="volume")
    assert b"tmpfs on /q" in client.containers.run(image, ["mount"], mounts=[mount], remove=True)
    assert [one.name for one in client.volumes.list(filters={"name": "quick"})] == ["quick"]
    assert client.volumes.prune({"all": ["true"]})["VolumesDeleted"] in (None, [])
    volume.remove()
