"""`docker ps`: which containers, in which order, by Docker's filters."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from pier.domain.container import Container, Status
from pier.domain.errors import InvalidArgument, NotFound, Unavailable
from pier.domain.filters import Filters
from pier.domain.image import Image
from pier.domain.network import parse_port, parse_port_range
from pier.engine.containers.inspect import Inspection
from pier.engine.containers.links import link_names
from pier.engine.context import Context
from pier.engine.images.images import Images

_KNOWN = (
    *("ancestor", "before", "exited", "expose", "health", "id", "is-task", "isolation"),
    *("label", "name", "network", "publish", "since", "status", "volume"),
)
_PORTS = ("publish", "expose")
_HEALTH = ("starting", "healthy", "unhealthy", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSummary:
    """`image_ref` is the image's id once the name the container was made from points elsewhere."""

    container: Container
    image_ref: str
    link_names: tuple[str, ...] = ()  # what others call it: `web/alias`
    size_rw: int | None = None
    size_root_fs: int | None = None


class Listing:
    def __init__(self, context: Context, images: Images, inspection: Inspection) -> None:
        self._context = context
        self._images = images
        self._inspection = inspection

    async def list(
        self, *, all: bool = False, limit: int = 0, filters: Filters | None = None, size: bool = False
    ) -> "list[ContainerSummary]":
        """Newest first; only running ones unless `all`, a limit or a status filter says otherwise."""
        filters = filters or Filters()
        filters.require_known(_KNOWN)
        accept = await self._predicate(filters)
        stopped_too = all or limit > 0 or "status" in filters
        chosen = [container for container in self._newest_first(stopped_too=stopped_too) if accept(container)]
        if limit > 0:
            chosen = chosen[:limit]
        names = await self._current_names(chosen)
        called = link_names(self._context.memory.linking.values())
        summaries = []
        for container in chosen:
            size_rw, size_root_fs = await self._inspection.sizes(container) if size else (None, None)
            summaries.append(
                ContainerSummary(
                    container=container,
                    image_ref=names.get((container.image_ref, container.image_id), container.image_ref),
                    link_names=tuple(called.get(container.id, ())),
                    size_rw=size_rw,
                    size_root_fs=size_root_fs,
                )
            )
        return summaries

    def _newest_first(self, *, stopped_too: bool) -> Iterable[Container]:
        memory = self._context.memory
        containers = memory.containers if stopped_too else memory.running
        return sorted(containers.values(), key=lambda item: item.created_at, reverse=True)

    async def _current_names(self, containers: Iterable[Container]) -> dict[tuple[str, str], str]:
        """For each (name, image id) pair the id, where the name no longer leads to that image.

        While containerd is away nobody can say where a name leads; then it stands as it was given.
        """
        names = {}
        with suppress(Unavailable):
            for ref, image_id in {(container.image_ref, container.image_id) for container in containers}:
                if await self._images.id_of(ref) != image_id:
                    names[ref, image_id] = image_id
        return names

    async def _predicate(self, filters: Filters) -> Callable[[Container], bool]:
        tests = [
            await self._test(key, values) for key, values in filters.values.items() if values and key not in _PORTS
        ]
        if ports := {key: filters.values[key] for key in _PORTS if filters.values.get(key)}:
            tests.append(_by_port(ports))
        return lambda container: all(test(container) for test in tests)

    async def _test(self, key: str, values: tuple[str, ...]) -> Callable[[Container], bool]:
        """What one filter asks of a container. Raises InvalidArgument for a bad value."""
        match key:
            case "id":
                return lambda item: item.id.startswith(values)
            case "name":
                named = Filters({"name": values})
                return lambda item: named.match_text("name", item.name, f"/{item.name}")
            case "label":
                return lambda item: Filters({"label": values}).match_labels(item.config.labels)
            case "status":
                _require_among("status", values, [status.value for status in Status], "state")
                return lambda item: item.state.status in values
            case "health":
                _require_among("health", values, _HEALTH, "health")
                return lambda item: (item.state.health.status if item.state.health else "none") in values
            case "exited":
                codes = {_code(value) for value in values}
                return lambda item: item.state.status is Status.EXITED and item.state.exit_code in codes
            case "ancestor":
                return await self._descends_from(values)
            case "before" | "since":
                return self._by_age(key, values)
            case "network":
                return lambda item: any(_on_network(item, value) for value in values)
            case "volume":
                return lambda item: any(
                    value in (p.name or p.source, p.destination) for p in item.mount_points for value in values
                )
            case "is-task":  # nothing here is one of a swarm
                wanted = Filters({"is-task": values}).flag("is-task", False)
                return lambda item: not wanted
            case _:  # isolation: nothing here has one
                return lambda item: not any(value in ("true", "1") for value in values)

    async def _descends_from(self, values: tuple[str, ...]) -> Callable[[Container], bool]:
        """Also images built from an ancestor count."""
        ancestors: list[Image] = []
        for value in values:
            try:
                ancestors.append(await self._images.get(value))
            except (NotFound, InvalidArgument):
                continue
        images = {image.id: image for image in await self._images.list(all=True)}

        def test(container: Container) -> bool:
            image = images.get(container.image_id)
            return any(
                container.image_id == ancestor.id or (image is not None and _is_built_from(image, ancestor))
                for ancestor in ancestors
            )

        return test

    def _by_age(self, key: str, values: tuple[str, ...]) -> Callable[[Container], bool]:
        times = [self._context.memory.container(value).created_at for value in values]
        if key == "before":
            return lambda item: item.created_at < min(times)
        return lambda item: item.created_at > max(times)


def _is_built_from(image: Image, ancestor: Image) -> bool:
    """Its layers and its history begin with the other's, and go on; what only has the same layers is a sibling."""
    begins = bool(ancestor.diff_ids) and image.diff_ids[: len(ancestor.diff_ids)] == ancestor.diff_ids
    if not ancestor.history:
        return begins and len(image.diff_ids) > len(ancestor.diff_ids)
    same = image.history[: len(ancestor.history)] == ancestor.history
    return begins and same and len(image.history) > len(ancestor.history)


def _require_among(key: str, values: Iterable[str], known: Iterable[str], what: str) -> None:
    for value in values:
        if value not in known:
            why = f"invalid value for {what} ({value}): must be one of {', '.join(known)}"
            raise InvalidArgument(f"invalid filter '{key}={value}': {why}")


def _code(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InvalidArgument(f"invalid filter 'exited={text}': an exit code is a number") from None


def _on_network(container: Container, value: str) -> bool:
    return any(
        value == endpoint.network_name or (bool(value) and endpoint.network_id.startswith(value))
        for endpoint in container.endpoints.values()
    )


def _by_port(filters: Mapping[str, tuple[str, ...]]) -> Callable[[Container], bool]:
    """`80`, `80/udp` or `8000-8010/tcp`: publish is about ports of the host, expose about the container's.

    Either will do, of what runs: a container that is down has no ports, in the list neither.
    """
    published, exposed = (_ports(filters.get(key, ())) for key in _PORTS)

    def test(item: Container) -> bool:
        bound = (port for endpoint in item.endpoints.values() for port in endpoint.published)
        own = (parse_port(port) for port in item.config.exposed_ports)
        return item.state.has_task and (
            any((port.host_port, port.protocol) in published for port in bound) or any(port in exposed for port in own)
        )

    return test


def _ports(values: Iterable[str]) -> set[tuple[int, str]]:
    wanted: set[tuple[int, str]] = set()
    for value in values:
        span, _, protocol = value.partition("/")
        low, high = parse_port_range(span)
        wanted |= {(port, protocol or "tcp") for port in range(low, high + 1)}
    return wanted
