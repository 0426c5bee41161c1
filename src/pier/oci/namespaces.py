"""Linux namespaces and the sysctls that live in them (OCI runtime-spec, "Namespaces")."""

from collections.abc import Mapping

from pier.domain.container import Container, HostConfig
from pier.oci.inputs import HOST, PRIVATE, Document, Namespaces

# Any user may bind ports below 1024 and send pings: harmless in a network namespace of one's own.
PRIVATE_NETWORK_SYSCTLS: Mapping[str, str] = {
    "net.ipv4.ip_unprivileged_port_start": "0",
    "net.ipv4.ping_group_range": "0 2147483647",
}


def has_own_network(host_config: HostConfig) -> bool:
    """Whether the network namespace is this container's alone (also with mode `none`)."""
    mode = host_config.network_mode
    return mode != "host" and not mode.startswith("container:")


def namespace_documents(namespaces: Namespaces) -> list[Document]:
    """The list `linux.namespaces`; a namespace of the host is one that is not in it."""
    documents: list[Document] = [{"type": "mount"}]
    for kind, choice in (
        ("network", namespaces.network),
        ("uts", namespaces.uts),
        ("pid", namespaces.pid),
        ("ipc", namespaces.ipc),
        ("cgroup", namespaces.cgroup),
    ):
        if choice == PRIVATE:
            documents.append({"type": kind})
        elif choice != HOST:
            documents.append({"type": kind, "path": choice})
    return documents


def sysctls(container: Container) -> dict[str, str]:
    """The defaults of an own network namespace, the NIS domain name, then what the user sets."""
    host_config = container.host_config
    result = dict(PRIVATE_NETWORK_SYSCTLS) if has_own_network(host_config) else {}
    if container.config.domainname and host_config.uts_mode != HOST:
        result["kernel.domainname"] = container.config.domainname
    return result | dict(host_config.sysctls)
