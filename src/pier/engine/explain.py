"""`network explain`: the way of a packet to a container in words, and what is wrong where nothing answers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from pier.domain import ids
from pier.domain.container import Container
from pier.domain.errors import NotFound
from pier.domain.network import Endpoint, EndpointFacts, Listener, parse_port
from pier.engine.containers.endpoints import default_route
from pier.engine.context import Context


@dataclass(frozen=True, slots=True)
class Step:
    """One sentence. `wrong`: it says why nothing may answer, and what to do."""

    text: str
    wrong: bool = False


class Explanation:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def explain(self, ref: str, port: str = "") -> list[Step]:
        """Of all ports, or of one as `80` or `53/udp`. Raises NotFound, InvalidArgument."""
        container = self._context.memory.container(ref)
        wanted = parse_port(port) if port else None
        name = f"container {container.name} ({ids.short(container.id)})"
        if not container.state.has_task:
            return [Step(f"{name} is {container.state.status}: it has no address and no ports until it runs", True)]
        steps = [Step(f"{name} runs as process {container.state.pid}")]
        listeners = await self._listeners(container)
        mode = container.host_config.network_mode
        if mode == "host":
            steps.append(Step("it shares the host's network: its ports are the host's, and nothing is published"))
        elif mode.startswith("container:"):
            steps.append(
                Step(f"it shares the network of container {mode.removeprefix('container:')[:12]}: ask for that")
            )
        elif not container.endpoints or all(one.network_name == "none" for one in container.endpoints.values()):
            steps.append(Step("it is on no network: it has its loopback only", True))
        else:
            for endpoint in container.endpoints.values():
                steps += await self._endpoint(container, endpoint, wanted)
            steps += self._publishing(container, wanted)
        return [*steps, *_listening(container, listeners, wanted)]

    async def _listeners(self, container: Container) -> list[Listener]:
        try:
            pids = await self._context.ports.tasks.pids(container.id)
            return await self._context.ports.host.listeners(container.state.pid, pids)
        except NotFound:  # it has just ended
            return []

    async def _endpoint(self, container: Container, endpoint: Endpoint, wanted: tuple[int, str] | None) -> list[Step]:
        facts = await self._context.ports.networks.examine(container.id, endpoint)
        network = self._context.memory.networks.get(endpoint.network_id)
        addresses = " and ".join(filter(None, (endpoint.ipv4_address, endpoint.ipv6_address)))
        gateways = " and ".join(filter(None, (endpoint.gateway, endpoint.ipv6_gateway)))
        driver = network.driver if network else "?"
        shown = "bridge" if driver == "bridge" else f"{driver} on"
        steps = [
            Step(f"network {endpoint.network_name}: {shown} {facts.parent}; the container is {addresses} there"),
            *_links(endpoint, facts),
        ]
        if network is not None and network.internal:
            steps.append(Step(f"network {endpoint.network_name} is internal: no way leads in or out of it"))
        elif gateways:
            out = default_route(self._context, container.endpoints)
            first = out is not None and out.network_id == endpoint.network_id
            steps.append(
                Step(f"its way out is {gateways}" + ("" if first else ", when the other networks lead nowhere"))
            )
        accept = f"of another firewall drops by policy; Pier's accept of {facts.parent} is in it"
        steps += [Step(f"chain {chain} {accept}") for chain in facts.accepts]
        return [*steps, *_ports(endpoint, facts, wanted)]

    def _publishing(self, container: Container, wanted: tuple[int, str] | None) -> list[Step]:
        """What was asked to be published and is not."""
        published = {(one.port, one.protocol) for item in container.endpoints.values() for one in item.published}
        exposed = {parse_port(text) for text in container.config.exposed_ports}
        steps = []
        for text in container.host_config.port_bindings:
            port = parse_port(text)
            if port not in published and wanted in (None, port):
                why = "" if port in exposed else ": it is not among the exposed ports (ExposedPorts)"
                steps.append(Step(f"port {_shown(port)} has a binding and is not published{why}", True))
        if wanted and wanted not in published and not steps:
            steps.append(
                Step(
                    f"port {_shown(wanted)} is not published: containers on its networks reach it, other hosts do not; "
                    f"publish it with -p HOSTPORT:{_shown(wanted)}"
                )
            )
        return steps


def _links(endpoint: Endpoint, facts: EndpointFacts) -> Iterator[Step]:
    if not facts.parent_up:
        yield Step(f"{facts.parent or 'the bridge'} is down or gone: restart pierd, which sets it up again", True)
    if facts.link != "up":
        state = {"": "gone", "astray": f"not on {facts.parent}"}.get(facts.link, facts.link)
        yield Step(f"the link {endpoint.host_interface} is {state}: reconnect the container to the network", True)
    expected = [text for text in (endpoint.ipv4_address, endpoint.ipv6_address) if text]
    if facts.inside is None:
        yield Step(f"inside there is no interface {endpoint.interface}: reconnect the container to the network", True)
        return
    state = "up" if facts.inside_up else "down"
    yield Step(
        f"inside, {endpoint.interface} is {state} with {', '.join(facts.inside) or 'no address'}", not facts.inside_up
    )
    for text in expected:
        if text not in facts.inside:
            yield Step(f"inside, {endpoint.interface} has lost its address {text}: reconnect the container", True)


def _ports(endpoint: Endpoint, facts: EndpointFacts, wanted: tuple[int, str] | None) -> Iterator[Step]:
    known = {one.published: one for one in facts.ports}
    for published in endpoint.published:
        if wanted not in (None, (published.port, published.protocol)):
            continue
        fact = known.get(published)
        if not published.host_port and fact is not None and fact.way:
            six = ":" in published.host_ip
            own = _place(endpoint.ipv6_address if six else endpoint.ipv4_address, published.port)
            yield Step(
                f"{own}/{published.protocol} itself is open to hosts that route to it: the gateway mode is routed"
            )
            continue
        where = f"{_place(published.host_ip, published.host_port)}/{published.protocol}"
        if fact is None or not fact.way:
            yield Step(
                f"{where} is published, but no rule of Pier's table leads on: it is put back within a minute", True
            )
            continue
        six = ":" in published.host_ip
        target = (endpoint.ipv6_address if six else endpoint.ipv4_address) or endpoint.ipv4_address
        how = "by a packet rule" if fact.way == "rules" else "by the relay process"
        flows = f"{fact.flows} connection{'' if fact.flows == 1 else 's'} tracked now"
        yield Step(f"{where} leads to {_place(target, published.port)} {how}; {flows}")


def _listening(container: Container, listeners: Sequence[Listener], wanted: tuple[int, str] | None) -> Iterator[Step]:
    ports = [wanted] if wanted else _interesting(container)
    for port in ports:
        found = [one for one in listeners if (one.port, one.protocol) == port]
        if not found:
            yield Step(f"nothing listens on {_shown(port)} in the container: see its log, and which port it uses", True)
        for one in found:
            who = one.owner or "a process"
            local = ip_address(one.address).is_loopback
            advice = ", its own loopback only: make it listen on 0.0.0.0 or ::" if local else ""
            yield Step(f"{who} listens on {_place(one.address, one.port)}/{one.protocol}{advice}", local)
    if not ports:
        shown = ", ".join(f"{_place(one.address, one.port)}/{one.protocol}" for one in listeners)
        yield Step(f"it listens on {shown}" if shown else "nothing in it listens")


def _interesting(container: Container) -> list[tuple[int, str]]:
    published = {(one.port, one.protocol) for item in container.endpoints.values() for one in item.published}
    return sorted(published)


def _place(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _shown(port: tuple[int, str]) -> str:
    return f"{port[0]}/{port[1]}"
