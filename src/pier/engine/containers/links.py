"""Links (`--link`) of the default bridge: another container under an alias, in /etc/hosts and in the environment.

They are remembered by the other container's id, so that renaming either side keeps them. On networks of the user's own
`HostConfig.Links` mean nothing, as with dockerd; there the resolver knows the links of each endpoint.
"""

import logging
import posixpath
from collections.abc import Iterable, Iterator, Sequence

from pier.domain.container import Container, HostConfig, Link
from pier.domain.errors import InvalidArgument, NotFound, PierError
from pier.domain.network import LinkedPort, parse_port
from pier.engine.containers.endpoints import BRIDGE
from pier.engine.containers.validate import no_links_with
from pier.engine.context import Context

_log = logging.getLogger(__name__)
_ICC = "com.docker.network.bridge.enable_icc"
_NOT_TOLD = ("HOME", "PATH")  # variables that say nothing of the other container


def parse_link(text: str) -> tuple[str, str]:
    """(name, alias) of `name`, `name:alias`, or `/name:/own/alias` as inspect shows it.

    Raises PierError (500, as dockerd).
    """
    if not text:
        raise PierError("empty string specified for links")
    name, separator, alias = text.partition(":")
    if ":" in alias:
        raise PierError(f"bad format for links: {text}")
    if not separator:
        return name, name
    # Below the own name, whatever it begins with: `web/alias` is what the other is called by.
    return (name[1:], posixpath.basename(alias)) if name.startswith("/") else (name, alias.lstrip("/"))


def resolve_links(context: Context, host: HostConfig, more: Iterable[str] = ()) -> tuple[Link, ...]:
    """The links that a container asks for, the first of each alias; `more` are those of its endpoint on the bridge.

    Raises InvalidArgument, PierError.
    """
    own = host.links if host.network_mode in (BRIDGE, "none") else ()
    links: dict[str, Link] = {}
    for text in (*own, *more):
        name, alias = parse_link(text)
        if not name:
            raise InvalidArgument('could not get container for : invalid name or ID supplied: ""')
        other = _find(context, name)
        links.setdefault(alias, Link(container_id=other.id, alias=alias))
    return tuple(links.values())


def _find(context: Context, name: str) -> Container:
    """The container that has the network a name leads to."""
    try:
        other = context.memory.container(name)
        while other.host_config.network_mode.startswith("container:"):
            other = context.memory.container(other.host_config.network_mode.removeprefix("container:"))
    except NotFound as error:
        raise InvalidArgument(f"could not get container for {name}: {error.message}") from error
    if other.host_config.network_mode == "host":
        raise InvalidArgument(no_links_with("host type networking"))
    return other


def linked(context: Context, container: Container) -> list[tuple[Link, Container]]:
    """A container's links to those that are there still."""
    containers = context.memory.containers
    return [(link, containers[link.container_id]) for link in container.links if link.container_id in containers]


def described(context: Context, container: Container) -> tuple[str, ...]:
    """As inspect shows them: `/db:/web/alias`."""
    return tuple(f"/{other.name}:/{container.name}/{link.alias}" for link, other in linked(context, container))


def link_names(containers: Iterable[Container]) -> dict[str, list[str]]:
    """By id of who is linked: `web/alias`, what it is called by others."""
    names: dict[str, list[str]] = {}
    for container in containers:
        for link in container.links:
            names.setdefault(link.container_id, []).append(f"{container.name}/{link.alias}")
    return names


def require_linked_running(context: Context, container: Container) -> None:
    """Raises PierError (500, as dockerd) when a container that is linked to does not run, or not on the bridge."""
    for link, other in _of_bridge(context, container):
        if not other.state.has_task:
            raise PierError(f"Cannot link to a non running container: /{other.name} AS /{container.name}/{link.alias}")
        if BRIDGE not in other.endpoints:
            raise PierError(f"container {other.id} not attached to default bridge network")


def hosts_lines(context: Context, container: Container) -> list[str]:
    """What its hosts file says of those it links to."""
    return [
        f"{address}\t{_host_names(link, other)}\n"
        for link, other in _of_bridge(context, container)
        for address in _addresses(context, other)
    ]


def environment(context: Context, container: Container) -> tuple[str, ...]:
    """The variables that tell a process of the containers its own links to, of those that run."""
    found: list[str] = []
    for link, other in _of_bridge(context, container):
        if address := _address(other):
            found += _variables(f"/{container.name}/{link.alias}", link.alias, address, other)
    return tuple(found)


def ports(context: Context, container: Container) -> list[LinkedPort]:
    """The ports that its links are for: those that the others expose; it is on the bridge or about to be."""
    endpoint = container.endpoints.get(BRIDGE)
    if endpoint is None or not endpoint.ipv4_address:
        return []
    return [
        LinkedPort(
            network_id=endpoint.network_id,
            client=endpoint.ipv4_address,
            address=address,
            port=number,
            protocol=protocol,
        )
        for _, other in linked(context, container)
        if (address := _address(other))
        for number, protocol in map(parse_port, other.config.exposed_ports)
    ]


async def open_ports(context: Context, container: Container) -> None:
    """Lets it reach what it links to, and no longer what it linked to before."""
    if endpoint := container.endpoints.get(BRIDGE):
        await context.ports.networks.open_links(endpoint, ports(context, container))


async def join(context: Context, container: Container, before: Container) -> None:
    """A running container has come to the bridge: it learns where those are that it links to.

    `before` is the same container without what it has come with. Who links to it is told by `follow`.
    """
    await open_ports(context, container)
    outdated = [f"{link.alias} {other.config.hostname}" for link, other in linked(context, before)]
    await context.ports.host.change_hosts(container.id, added=hosts_lines(context, container), outdated=outdated)


async def follow(context: Context, target: Container) -> None:
    """Tells running containers that link to this one, which is on the bridge now, where it is."""
    addresses = _addresses(context, target)
    links = [(item.id, link) for item in context.memory.linking.values() for link in item.links]
    for container_id, link in links:
        if link.container_id == target.id and addresses:
            # As it is now: to tell the one before took a while, and the address of who has ended is another's soon.
            container = context.memory.containers.get(container_id)
            if container is not None and container.state.has_task and BRIDGE in container.endpoints:
                names = _host_names(link, target)
                known = f"{link.alias} {target.config.hostname}"  # its name may have changed
                try:
                    lines = [f"{address}\t{names}\n" for address in addresses]
                    await open_ports(context, container)
                    await context.ports.host.change_hosts(container.id, added=lines, outdated=[known])
                except PierError as error:  # the other one runs all the same
                    _log.warning("container %s does not hear where its link is: %s", container.id, error.message)


async def forget(context: Context, container: Container, link: Link) -> None:
    """Takes a removed link out of a running container's hosts file, and closes its ports; it has that link no more."""
    other = context.memory.containers.get(link.container_id)
    if other is not None and container.state.has_task and BRIDGE in container.endpoints:
        outdated = f"{link.alias} {other.config.hostname}"
        await open_ports(context, container)
        await context.ports.host.change_hosts(container.id, outdated=[outdated])


def split_name(context: Context, ref: str) -> tuple[Container, Link]:
    """The container and the link behind `web/alias`.

    Raises NotFound; PierError (500, as dockerd) for a container's own name.
    """
    name = ref.removeprefix("/")
    owner_name, separator, alias = name.partition("/")
    if not separator:
        context.memory.container(ref)
        raise PierError("Conflict, cannot remove the default link name of the container")
    owner_id = context.memory.holder_of_name(owner_name)
    owner = context.memory.containers.get(owner_id or "")
    link = next((link for link in owner.links if link.alias == alias), None) if owner else None
    if owner is None or link is None:
        raise NotFound(f"No such container: {ref}")
    return owner, link


def _of_bridge(context: Context, container: Container) -> Iterator[tuple[Link, Container]]:
    if BRIDGE in container.endpoints:
        yield from linked(context, container)


def _address(other: Container) -> str:
    endpoint = other.endpoints.get(BRIDGE)
    return endpoint.ipv4_address if endpoint is not None and other.state.has_task else ""


def _addresses(context: Context, other: Container) -> list[str]:
    """Where it is reached by who links to it: by IPv6 only where all containers reach each other, as with dockerd."""
    endpoint = other.endpoints.get(BRIDGE)
    if endpoint is None or not other.state.has_task:
        return []
    apart = context.memory.network(BRIDGE).options.get(_ICC) == "false"
    return [text for text in (endpoint.ipv4_address, "" if apart else endpoint.ipv6_address) if text]


def _host_names(link: Link, other: Container) -> str:
    """The alias, the host name, the name; each once."""
    return " ".join(dict.fromkeys(filter(None, (link.alias, other.config.hostname, other.name))))


def _variables(full_name: str, alias: str, address: str, other: Container) -> Iterator[str]:
    """`DB_PORT`, a set for each exposed port, one for each run of them, the name, the other's own variables."""
    prefix = alias.upper().replace("-", "_")
    ports = sorted(
        (parse_port(text) for text in other.config.exposed_ports), key=lambda item: (item[1] != "tcp", *item)
    )
    if ports:
        number, protocol = ports[0]
        yield f"{prefix}_PORT={protocol}://{address}:{number}"
    for number, protocol in ports:
        name = f"{prefix}_PORT_{number}_{protocol.upper()}"
        yield f"{name}={protocol}://{address}:{number}"
        yield f"{name}_ADDR={address}"
        yield f"{name}_PORT={number}"
        yield f"{name}_PROTO={protocol}"
    for first, last, protocol in _runs(ports):
        name = f"{prefix}_PORT_{first}_{protocol.upper()}"
        yield f"{name}_START={protocol}://{address}:{first}"
        yield f"{name}_PORT_START={first}"
        yield f"{name}_END={protocol}://{address}:{last}"
        yield f"{name}_PORT_END={last}"
    yield f"{prefix}_NAME={full_name}"
    for variable in other.config.env:
        name, separator, value = variable.partition("=")
        if separator and name not in _NOT_TOLD:
            yield f"{prefix}_ENV_{name}={value}"


def _runs(ports: Sequence[tuple[int, str]]) -> list[tuple[int, int, str]]:
    """(first, last, protocol) of each two or more ports that follow each other."""
    runs: list[tuple[int, int, str]] = []
    for number, protocol in ports:
        if runs and runs[-1][2] == protocol and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number, protocol)
        else:
            runs.append((number, number, protocol))
    return [run for run in runs if run[0] != run[1]]
