from pier.domain.container import Config, Container, HostConfig
from pier.oci.inputs import HOST, PRIVATE, Namespaces
from pier.oci.namespaces import has_own_network, namespace_documents, sysctls


def _container(host_config: HostConfig, config: Config | None = None) -> Container:
    return Container(
        id="a" * 64,
        name="x",
        created_at=0,
        image_ref="",
        image_id="",
        config=config or Config(),
        host_config=host_config,
    )


def test_private_host_and_joined_namespaces() -> None:
    namespaces = Namespaces(network="/run/netns/x", ipc="/proc/7/ns/ipc", uts=HOST, cgroup=PRIVATE)
    assert namespace_documents(namespaces) == [
        {"type": "mount"},
        {"type": "network", "path": "/run/netns/x"},
        {"type": "pid"},
        {"type": "ipc", "path": "/proc/7/ns/ipc"},
        {"type": "cgroup"},
    ]


def test_network_sysctls_only_in_an_own_namespace() -> None:
    assert sysctls(_container(HostConfig()))["net.ipv4.ip_unprivileged_port_start"] == "0"
    assert sysctls(_container(HostConfig(network_mode="none")))["net.ipv4.ping_group_range"] == "0 2147483647"
    for mode in ("host", "container:abc"):
        assert not has_own_network(HostConfig(network_mode=mode))
        assert sysctls(_container(HostConfig(network_mode=mode))) == {}


def test_users_sysctls_win() -> None:
    asked = {"net.ipv4.ip_unprivileged_port_start": "1024", "kernel.shmmax": "1"}
    assert sysctls(_container(HostConfig(sysctls=asked))).items() >= asked.items()


def test_domain_name_is_set_unless_it_is_the_hosts() -> None:
    config = Config(domainname="example.test")
    assert sysctls(_container(HostConfig(), config))["kernel.domainname"] == "example.test"
    assert "kernel.domainname" not in sysctls(_container(HostConfig(uts_mode="host"), config))
