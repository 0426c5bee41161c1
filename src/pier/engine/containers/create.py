"""`docker create`: from a request to a record with a name, a writable layer and its volumes."""

import posixpath
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace

from pier.domain import ids
from pier.domain.container import Config, Container, HostConfig, LogConfig
from pier.domain.errors import Conflict, InvalidArgument, NotFound, PierError, Unsupported
from pier.domain.image import Image, Platform
from pier.domain.mount import MountPoint
from pier.domain.network import Endpoint, EndpointRequest, without_effect
from pier.domain.record import Drop, Intent, Put
from pier.domain.storage import layer_size
from pier.engine.containers import names
from pier.engine.containers.defaults import default_ulimits, with_defaults
from pier.engine.containers.endpoints import BRIDGE, plan_endpoint
from pier.engine.containers.filling import Filling
from pier.engine.containers.init_layer import InitLayers
from pier.engine.containers.links import resolve_links
from pier.engine.containers.merge import command_line, merge_config
from pier.engine.containers.mounts import let_go_of, resolve_mounts
from pier.engine.containers.validate import check_config, check_host_config, check_name
from pier.engine.context import Context
from pier.engine.images.claims import ImageUser
from pier.engine.images.images import Images
from pier.engine.runtimes import Runtimes
from pier.engine.volumes import Volumes
from pier.oci.security import DEFAULT_MASKED_PATHS, DEFAULT_READONLY_PATHS
from pier.oci.spec import reductions

# Keeps the writable layer from containerd's garbage collection; the layer goes when the container is removed.
GC_ROOT = {"containerd.io/gc.root": "pier"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRequest:
    name: str = ""
    config: Config = field(default_factory=Config)
    host_config: HostConfig = field(default_factory=HostConfig)
    endpoint_requests: Mapping[str, EndpointRequest] = field(default_factory=dict)
    platform: Platform | None = None
    host_cgroups_on_v1: bool = False  # there the host's namespace by default, whatever the engine's default is
    shallow_read_only: bool = False  # a read-only bind leaves what is mounted below it as it is, unless it says more


class Creation:
    def __init__(self, context: Context, images: Images, volumes: Volumes, runtimes: Runtimes) -> None:
        self._context = context
        self._images = images
        self._volumes = volumes
        self._runtimes = runtimes
        self._init_layers = InitLayers(context)

    async def create(self, request: CreateRequest) -> tuple[str, list[str]]:
        """The new container's id, and warnings about what it will not get.

        Raises NotFound (image, container of VolumesFrom), Conflict (name), InvalidArgument, Unsupported.
        """
        if request.name:
            check_name(request.name.removeprefix("/"))
        check_config(request.config)
        if not request.config.image:
            raise _without_image(request.config)
        host = self._complete(request.host_config, request)
        check_host_config(host, request.config, self._context.facts, self._runtimes.knows)
        self._context.ports.logs.check(host.log_config)
        container_id, ref = ids.new_id(), request.config.image
        async with self._images.claimed(ref, ImageUser(id=container_id, name=request.name, running=True)) as image:
            _require_platform(ref, image, request.platform)
            config = merge_config(request.config, image.config)
            if not command_line(config):
                raise InvalidArgument("no command specified")
            check_config(config)
            host = self._resolve_shared(host)
            name = request.name.removeprefix("/") or self._propose_name()
            with reserved_name(self._context, name):
                return await self._make(container_id, name, request, config, host, image)

    def _complete(self, host: HostConfig, request: CreateRequest) -> HostConfig:
        """Fills in what was left open, so that inspect shows what holds."""
        config, facts = self._context.config, self._context.facts
        log = host.log_config
        if log.driver in ("", config.log_driver):
            log = LogConfig(driver=config.log_driver, options={**config.log_opts, **log.options})
        resources = host.resources
        if resources.memory > 0 and resources.memory_swap == 0 and facts.swap_limit:
            resources = replace(resources, memory_swap=2 * resources.memory)
        if resources.memory_swappiness == -1:
            resources = replace(resources, memory_swappiness=None)
        if resources.pids_limit is not None and resources.pids_limit <= 0:
            resources = replace(resources, pids_limit=None)
        if resources.oom_kill_disable is None and facts.cgroup_version == 1:
            resources = replace(resources, oom_kill_disable=False)
        unlabelled = host.privileged or "host" in (host.ipc_mode, host.pid_mode)
        unmasked = host.privileged or any("systempaths=unconfined" in option for option in host.security_opt)
        masked: tuple[str, ...] = () if unmasked else DEFAULT_MASKED_PATHS
        readonly: tuple[str, ...] = () if unmasked else DEFAULT_READONLY_PATHS
        return replace(
            host,
            log_config=log,
            resources=resources,
            network_mode="bridge" if host.network_mode in ("", "default") else host.network_mode,
            ipc_mode=host.ipc_mode or config.default_ipc_mode,
            cgroupns_mode=host.cgroupns_mode or self._cgroupns_mode(host, request),
            security_opt=host.security_opt or (("label=disable",) if unlabelled else ()),
            shm_size=host.shm_size or config.default_shm_size,
            runtime=host.runtime or config.default_runtime,
            masked_paths=masked if host.masked_paths is None else host.masked_paths,
            readonly_paths=readonly if host.readonly_paths is None else host.readonly_paths,
        )

    def _cgroupns_mode(self, host: HostConfig, request: CreateRequest) -> str:
        """On v1 a privileged container sees the host's cgroups unless it asks, whatever the engine's default."""
        on_v2 = self._context.facts.cgroup_version == 2
        if (host.privileged or request.host_cgroups_on_v1) and not on_v2:
            return "host"
        return self._context.config.default_cgroupns_mode or ("private" if on_v2 else "host")

    def _resolve_shared(self, host: HostConfig) -> HostConfig:
        """`container:NAME` becomes `container:ID`, so that a rename does not break it.

        Whose network it is may be there by the time of the start, which looks again.
        """

        def resolve(mode: str) -> str:
            if not mode.startswith("container:"):
                return mode
            return f"container:{self._look_up(mode.removeprefix('container:')).id}"

        network_mode = host.network_mode
        with suppress(InvalidArgument):
            network_mode = resolve(network_mode)
        return replace(
            host, network_mode=network_mode, ipc_mode=resolve(host.ipc_mode), pid_mode=resolve(host.pid_mode)
        )

    def _propose_name(self) -> str:
        memory, live = self._context.memory, self._context.live
        return names.propose(lambda name: memory.holder_of_name(name) is not None or name in live.names)

    async def _make(
        self, container_id: str, name: str, request: CreateRequest, config: Config, host: HostConfig, image: Image
    ) -> tuple[str, list[str]]:
        memory, ports = self._context.memory, self._context.ports
        endpoints = self._endpoints(container_id, name, config, host, request.endpoint_requests)
        bridged = [endpoint.request.links for endpoint in endpoints.values() if endpoint.network_name == BRIDGE]
        links = resolve_links(self._context, host, *bridged)
        points = resolve_mounts(config, host, self._look_up, shallow_read_only=request.shallow_read_only)
        settings = self._context.config
        run_roots = (str(settings.exec_root), posixpath.dirname(settings.containerd.removeprefix("unix://")))
        points = let_go_of(points, str(settings.data_root), run_roots)
        await self._check_binds(points)
        warnings = self._warnings(host)
        for endpoint in request.endpoint_requests.values():
            warnings += without_effect(endpoint.driver_opts)
        intent = Intent(id=container_id, kind="create", subject=container_id)
        volumes = [point.name for point in points if point.type == "volume"]
        with self._volumes.claimed(volumes):
            async with AsyncExitStack() as undo:
                await memory.commit(Put(intent))
                undo.push_async_callback(memory.commit, Drop(intent))
                rootfs = await self._init_layers.prepare(container_id, image, GC_ROOT)
                undo.push_async_callback(ports.snapshots.remove, container_id)
                if size := layer_size(host.storage_opt):
                    await ports.limits.limit(rootfs, size)
                    undo.push_async_callback(ports.limits.release, rootfs)
                if directory := _own_directory(request.config, image.config):
                    await ports.host.make_directory(rootfs, directory)
                filling = Filling(self._context, self._images, self._volumes, labels=GC_ROOT, container_id=container_id)
                points = await filling.fill(points, rootfs, undo)
                line = command_line(config)
                container = Container(
                    id=container_id,
                    name=name,
                    created_at=memory.clock.now(),
                    image_ref=request.config.image,
                    image_id=image.id,
                    config=_with_identity(config, host, container_id, self._context.facts.hostname),
                    host_config=host,
                    driver=ports.snapshots.snapshotter,
                    path=line[0],
                    args=line[1:],
                    mount_points=points,
                    endpoint_requests=request.endpoint_requests,
                    endpoints=endpoints,
                    links=links,
                    log_path=self._log_path(container_id, host.log_config),
                    warnings=tuple(warnings),
                )
                container = self._with_reductions(container)
                await memory.commit(
                    Put(container),
                    Drop(intent),
                    memory.event("container", "create", container_id, actor_attributes(container)),
                    durable=True,
                )
                undo.pop_all()
        return container_id, list(container.warnings)

    def _look_up(self, ref: str) -> Container:
        try:
            return self._context.memory.container(ref)
        except NotFound as error:
            raise InvalidArgument(error.message) from error

    async def _check_binds(self, points: tuple[MountPoint, ...]) -> None:
        """`--mount` refuses a source that is not there; `-v` makes it, at start."""
        for point in points:
            asked = point.request
            if point.type != "bind" or asked is None or asked.create_mountpoint:
                continue
            if not await self._context.ports.host.path_exists(point.source):
                raise InvalidArgument(
                    'invalid mount config for type "bind": bind source path does not exist: ' + point.source
                )

    def _endpoints(
        self,
        container_id: str,
        name: str,
        config: Config,
        host: HostConfig,
        requests: Mapping[str, EndpointRequest],
    ) -> dict[str, Endpoint]:
        """The networks it shall join, the primary one first; addresses come at start.

        Those that are named in the request are all there are: its mode's network is one only if it is among them, or
        if none is named.
        """
        mode = host.network_mode
        if mode.startswith("container:") or config.network_disabled:
            if requests:
                raise InvalidArgument("conflicting options: cannot attach user-defined networks to this network mode")
            return {}
        wanted = {BRIDGE if ref == "default" else ref: asked for ref, asked in requests.items()}
        wanted = _with_mac(wanted, mode, config.mac_address) if wanted else {}
        wanted = wanted or {mode: EndpointRequest(mac_address=config.mac_address)}
        asked = {mode: wanted[mode], **wanted} if mode in wanted else wanted
        if len({mode, *asked}) > 1 and ({"host", "none"} & {mode, *asked}):
            raise InvalidArgument(
                "conflicting options: cannot attach user-defined networks to host or none network mode"
            )
        endpoints = {}
        for ref, endpoint_request in asked.items():
            try:
                network = self._context.memory.network(ref)
            except NotFound:  # it may be there by the time of the start, which looks again
                endpoints[ref] = Endpoint(network_id="", network_name=ref, request=endpoint_request)
                continue
            endpoint = plan_endpoint(network, endpoint_request, container_id, name, config.hostname)
            endpoints[endpoint.network_name] = endpoint
        return endpoints

    def _with_reductions(self, container: Container) -> Container:
        """What the host will cut of it is said now, to who asks for it, and not only at the start."""
        config = self._context.config
        cuts = reductions(with_defaults(container, config), self._context.facts, default_ulimits(config))
        return replace(container, warnings=tuple(dict.fromkeys((*container.warnings, *cuts))))

    def _warnings(self, host: HostConfig) -> list[str]:
        warnings = []
        if host.network_mode == "host" and (host.port_bindings or host.publish_all_ports):
            warnings.append("Published ports are discarded when using host network mode")
        resources = host.resources
        if resources.oom_kill_disable and resources.memory <= 0:
            warnings.append(
                "OOM killer is disabled for the container, but no memory limit is set, "
                "this can result in the system running out of resources."
            )
        if resources.oom_kill_disable and self._context.facts.cgroup_version == 2:
            warnings.append("Your kernel does not support OomKillDisable. OomKillDisable discarded.")
        return warnings

    def _log_path(self, container_id: str, log: LogConfig) -> str:
        folder = self._context.config.data_root / "containers" / container_id
        if log.driver == "local":
            return str(folder / "local-logs" / "container.log")
        if log.driver in ("journald", "syslog"):
            return str(folder / "container-cached.log")
        return str(folder / f"{container_id}-json.log") if log.driver == "json-file" else ""


def _with_identity(config: Config, host: HostConfig, container_id: str, host_name: str) -> Config:
    """The host name inside: what was asked for, the host's own on its network, else the short id."""
    if config.working_dir:
        config = replace(config, working_dir=posixpath.normpath(config.working_dir))
    if config.hostname or host.network_mode.startswith("container:"):
        return config
    return replace(config, hostname=host_name if host.network_mode == "host" else ids.short(container_id))


def _own_directory(asked: Config, of_image: Config) -> str:
    """The working directory that is the container's own wish: it is there before the start, for `docker cp`.

    An image's has been made with the image, or else by the runtime at the start.
    """
    wanted, given = (posixpath.normpath(directory or "/") for directory in (asked.working_dir, of_image.working_dir))
    return "" if wanted in ("/", given) else wanted


def _without_image(config: Config) -> PierError:
    if not command_line(config):
        return InvalidArgument("no command specified")
    return Unsupported("Pier makes no container without an image; `docker import` makes an empty one of an empty tar")


def _with_mac(requests: dict[str, EndpointRequest], mode: str, address: str) -> dict[str, EndpointRequest]:
    """A container-wide MAC address belongs to the network of its mode. Raises InvalidArgument."""
    if not address or mode in ("host", "none"):
        return requests
    if mode not in requests:
        raise InvalidArgument(
            "unable to migrate container-wide MAC address to a specific network: HostConfig.NetworkMode must match the "
            "identity of a network in NetworkSettings.Networks"
        )
    if requests[mode].mac_address not in ("", address):
        raise InvalidArgument(
            "the container-wide MAC address must match the endpoint-specific MAC address for the main network, "
            "or be left empty"
        )
    return {**requests, mode: replace(requests[mode], mac_address=address)}


def _require_platform(ref: str, image: Image, platform: Platform | None) -> None:
    if platform is not None and not _fits(image.platform, platform):
        raise NotFound(
            f"image with reference {ref} was found but its platform ({_shown(image.platform)}) does not match "
            f"the specified platform ({_shown(platform)})"
        )


def _shown(platform: Platform) -> str:
    return "/".join(filter(None, (platform.os, platform.architecture, platform.variant)))


def _fits(have: Platform, want: Platform) -> bool:
    same_variant = not want.variant or not have.variant or have.variant == want.variant
    return have.os == want.os and have.architecture == want.architecture and same_variant


def name_in_use(name: str, holder: str) -> str:
    """Docker's words, which tools take the holder's id from."""
    return (
        f'Conflict. The container name "/{name}" is already in use by container "{holder}". '
        "You have to remove (or rename) that container to be able to reuse that name."
    )


@contextmanager
def reserved_name(context: Context, name: str) -> Iterator[None]:
    """Holds a name until its container is recorded under it. Raises Conflict if it is taken, or about to be."""
    holder = context.memory.holder_of_name(name)
    if holder or name in context.live.names:
        raise Conflict(name_in_use(name, holder or "being created"))
    context.live.names.add(name)
    try:
        yield
    finally:
        context.live.names.discard(name)


def actor_attributes(container: Container, **extra: str) -> dict[str, str]:
    """What every event of a container carries: its labels, image and name, and the event's own."""
    return {**container.config.labels, "image": container.image_ref, "name": container.name, **extra}
