"""The read model: every list and inspect is served from here, and it changes only after the commit."""

from collections.abc import Mapping

from pier.domain import ids
from pier.domain.container import Container
from pier.domain.errors import InvalidArgument, NotFound
from pier.domain.event import Event
from pier.domain.network import Network
from pier.domain.record import Change, Drop, Intent, Publish, Put, Stored
from pier.domain.volume import Volume
from pier.engine.bus import Bus
from pier.engine.clock import Clock
from pier.engine.ports import Records


class Memory:
    """What the engine knows. Values are frozen; to change one, commit its successor."""

    def __init__(self, records: Records, bus: Bus, clock: Clock) -> None:
        self._records = records
        self._bus = bus
        self.clock = clock
        self.containers: dict[str, Container] = {}
        # Of these, so that thousands that have ended cost those that run nothing: who runs, and who links to others.
        self.running: dict[str, Container] = {}
        self.linking: dict[str, Container] = {}
        self.networks: dict[str, Network] = {}
        self.volumes: dict[str, Volume] = {}
        self.intents: dict[str, Intent] = {}
        self._ids_by_name: dict[str, str] = {}

    def adopt(self, stored: Stored) -> None:
        """Takes over what was found at start."""
        for group in (stored.containers, stored.networks, stored.volumes, stored.intents):
            for value in group:
                self._apply(Put(value))

    async def commit(self, *changes: Change, durable: bool = False) -> None:
        """Writes, then shows: a change is visible and its events are out only once it is recorded.

        And once it is recorded they are, also when the caller is cancelled meanwhile.
        """

        def show() -> None:
            for change in changes:
                self._apply(change)

        await self._records.commit(changes, durable=durable, on_written=show)

    def event(self, type_: str, action: str, actor_id: str, attributes: Mapping[str, str] | None = None) -> Publish:
        """A change that publishes an event, stamped now."""
        time = self.clock.now()
        return Publish(Event(type=type_, action=action, actor_id=actor_id, attributes=attributes or {}, time=time))

    def container(self, ref: str) -> Container:
        """By full id, then name (with or without the slash), link (`web/alias`), then unique prefix of an id.

        Raises NotFound in Docker's words; InvalidArgument for an ambiguous prefix.
        """
        found = self.containers.get(ref)
        if found is None and (container_id := self._ids_by_name.get(ref.removeprefix("/"))):
            found = self.containers.get(container_id)
        if found is None and "/" in ref.removeprefix("/"):
            found = self._linked(ref.removeprefix("/"))
        if found is None and (match := ids.match_prefix(ref, self.containers)):
            found = self.containers[match]
        if found is None:
            raise NotFound(f"No such container: {ref}")
        return found

    def _linked(self, ref: str) -> Container | None:
        """Who is called `web/alias` by a link of `web`."""
        name, _, alias = ref.partition("/")
        owner = self.containers.get(self._ids_by_name.get(name, ""))
        links = owner.links if owner else ()
        return next((self.containers.get(link.container_id) for link in links if link.alias == alias), None)

    def holder_of_name(self, name: str) -> str | None:
        """The id of the container that has this name."""
        return self._ids_by_name.get(name)

    def network(self, ref: str) -> Network:
        """By full id, then name, then unique prefix of an id. Raises NotFound, InvalidArgument for one of several."""
        if ref in self.networks:
            return self.networks[ref]
        for network in self.networks.values():
            if network.name == ref:
                return network
        try:
            match = ids.match_prefix(ref, self.networks)
        except InvalidArgument as error:
            found = sum(network_id.startswith(ref) for network_id in self.networks)
            raise InvalidArgument(f"network {ref} is ambiguous ({found} matches found based on ID prefix)") from error
        if match:
            return self.networks[match]
        raise NotFound(f"network {ref} not found")

    def volume(self, name: str) -> Volume:
        if name not in self.volumes:
            raise NotFound(f"get {name}: no such volume")
        return self.volumes[name]

    def _apply(self, change: Change) -> None:
        match change:
            case Put(Container() as container):
                before = self.containers.get(container.id)
                if before is not None and before.name != container.name:
                    self._ids_by_name.pop(before.name, None)
                self._ids_by_name[container.name] = container.id
                self.containers[container.id] = container
                _enter(self.running, container, container.state.is_running)
                _enter(self.linking, container, bool(container.links))
            case Drop(Container() as container):
                for kept in (self.containers, self.running, self.linking):
                    kept.pop(container.id, None)
                if self._ids_by_name.get(container.name) == container.id:
                    del self._ids_by_name[container.name]
            case Put(Network() as network):
                self.networks[network.id] = network
            case Drop(Network() as network):
                self.networks.pop(network.id, None)
            case Put(Volume() as volume):
                self.volumes[volume.name] = volume
            case Drop(Volume() as volume):
                self.volumes.pop(volume.name, None)
            case Put(Intent() as intent):
                self.intents[intent.id] = intent
            case Drop(Intent() as intent):
                self.intents.pop(intent.id, None)
            case Publish(event):
                self._bus.publish(event)


def _enter(kept: dict[str, Container], container: Container, belongs: bool) -> None:
    if belongs:
        kept[container.id] = container
    else:
        kept.pop(container.id, None)
