"""`docker inspect` and `docker ps`: everything from memory, but for sizes and the layer's directories."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pier.domain.container import Container
from pier.domain.errors import NotFound, PierError
from pier.domain.mount import FilesystemMount
from pier.engine.containers.links import described
from pier.engine.containers.shim_groups import ShimGroups
from pier.engine.context import Context
from pier.engine.images.images import Images
from pier.oci.security import apparmor_profile

_FILES = ("hostname", "hosts", "resolv.conf")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerDetails:
    """`files` are the paths of hostname, hosts and resolv.conf; `graph` the layer's directories by docker's names.

    `links` are as inspect shows them: `/db:/web/alias`.
    """

    container: Container
    exec_ids: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    graph: Mapping[str, str] = field(default_factory=dict)
    apparmor_profile: str = ""
    sandbox_id: str = ""
    sandbox_key: str = ""
    shim_siblings: tuple[str, ...] = ()  # ids of all whose tasks are in its shim, its own among them; none: it is alone
    size_rw: int | None = None
    size_root_fs: int | None = None


class Inspection:
    def __init__(self, context: Context, images: Images, groups: ShimGroups) -> None:
        self._groups = groups
        self._context = context
        self._images = images
        self._graphs: dict[str, Mapping[str, str]] = {}

    async def inspect(self, ref: str, *, size: bool = False) -> ContainerDetails:
        container = self._context.memory.container(ref)
        running = container.state.has_task
        mode = container.host_config.network_mode
        own_netns = running and mode != "host" and not mode.startswith("container:")
        size_rw, size_root_fs = await self.sizes(container) if size else (None, None)
        return ContainerDetails(
            container=container,
            exec_ids=tuple(sorted(self._context.live.execs(container.id))),
            links=described(self._context, container),
            files=self._files(container),
            graph=await self._graph(container),
            apparmor_profile=self._apparmor_profile(container),
            sandbox_id=container.id if own_netns else "",
            sandbox_key=self._context.ports.networks.netns_path(container.id) if own_netns else "",
            shim_siblings=tuple(self._groups.siblings(container.id)),
            size_rw=size_rw,
            size_root_fs=size_root_fs,
        )

    def _apparmor_profile(self, container: Container) -> str:
        """As dockerd shows it: of who was started once, `unconfined` for none, nothing where the kernel has none."""
        if not container.state.started_at or not self._context.facts.has_apparmor:
            return ""
        return apparmor_profile(container.host_config, self._context.facts, []) or "unconfined"

    def _files(self, container: Container) -> dict[str, str]:
        """Docker shows these paths from the first start on, also from one that failed."""
        if not (container.state.started_at or container.state.error):
            return {}
        directory = self._context.config.data_root / "containers" / container.id
        return {name: str(directory / name) for name in _FILES}

    async def _graph(self, container: Container) -> Mapping[str, str]:
        """Asked for once: a container's layers do not move."""
        if container.id not in self._graphs:
            try:
                mounts = await self._context.ports.snapshots.mounts(container.id)
            except PierError:  # containerd is away, or the container is being removed: the rest is still worth showing
                return {}
            graph = describe_graph(mounts)
            if container.id not in self._context.memory.containers:  # removed meanwhile: nobody forgets it any more
                return graph
            self._graphs[container.id] = graph
        return self._graphs[container.id]

    def forget(self, container_id: str) -> None:
        self._graphs.pop(container_id, None)

    async def sizes(self, container: Container) -> tuple[int, int]:
        """(bytes of the writable layer, bytes of that and the image)."""
        try:
            own = await self._context.ports.snapshots.usage(container.id)
        except NotFound:
            own = 0
        try:
            image = (await self._images.get(container.image_id)).size
        except NotFound:
            image = 0
        return own, own + image


def describe_graph(mounts: list[FilesystemMount]) -> dict[str, str]:
    """GraphDriver.Data as Docker names it, from an overlay mount's options; empty for another kind of mount."""
    for mount in mounts:
        if mount.type != "overlay":
            continue
        options = dict(option.partition("=")[::2] for option in mount.options)
        upper = options.get("upperdir", "")
        return {
            "LowerDir": options.get("lowerdir", ""),
            "MergedDir": upper.removesuffix("/fs") + "/merged" if upper else "",
            "UpperDir": upper,
            "WorkDir": options.get("workdir", ""),
        }
    return {}
