"""The engine put together: use cases over one context, and the supervisor beside them."""

import asyncio
import json
import logging
from collections.abc import Iterable, Mapping

from pier.config import Config
from pier.domain.container import Container
from pier.domain.errors import PierError, Unavailable
from pier.domain.image import GO_ARCHITECTURES, Platform
from pier.engine.bus import Bus
from pier.engine.containers import links
from pier.engine.containers.commit import Committing
from pier.engine.containers.create import Creation
from pier.engine.containers.exits import Exits
from pier.engine.containers.facade import Containers
from pier.engine.containers.inspect import Inspection
from pier.engine.containers.launch import Launcher
from pier.engine.containers.lifecycle import Lifecycle
from pier.engine.containers.listing import Listing
from pier.engine.containers.naming import has_resolver, serve_names
from pier.engine.containers.remove import Removal
from pier.engine.containers.shim_groups import ShimGroups
from pier.engine.containers.shutdown import Shutdown
from pier.engine.context import Context
from pier.engine.execs import Execs
from pier.engine.explain import Explanation
from pier.engine.health import HealthChecks
from pier.engine.images.claims import ImageUser
from pier.engine.images.images import Images
from pier.engine.networks import Networks
from pier.engine.registries import Registries
from pier.engine.runtimes import Runtimes
from pier.engine.supervisor import Supervisor
from pier.engine.system import System
from pier.engine.volume_copies import VolumeCopies
from pier.engine.volumes import Volumes

SHUTDOWN_PATIENCE = 10.0  # seconds that a start or removal under way has to finish
RULES_PERIOD = 30  # seconds between two looks at the packet rules
_log = logging.getLogger(__name__)


class Engine:
    """What the API talks to."""

    def __init__(self, context: Context, *, engine_id: str, systemd_cgroup: bool) -> None:
        self._context = context
        self._runtimes = runtimes = Runtimes(context.config, systemd_cgroup=systemd_cgroup)
        self._engine_id = engine_id
        self.images = images = _images(context)
        self.registries = Registries(context.ports.registry)
        self.volumes = Volumes(context)
        self.volume_copies = VolumeCopies(context, self.volumes)
        self.networks = Networks(context)
        self.explanation = Explanation(context)
        self.events: Bus = context.bus
        groups = ShimGroups(context, runtimes)
        self.system = System(context, images, runtimes, groups, engine_id=engine_id, systemd=systemd_cgroup)
        self.execs = Execs(context)
        lifecycle = Lifecycle(context, Launcher(context, runtimes, groups, systemd_cgroup=systemd_cgroup))
        exits = Exits(context, groups)
        removal = Removal(context, lifecycle, self.volumes)
        inspection = Inspection(context, images, groups)
        self.shutdown = Shutdown(context, lifecycle)
        removal.after_removal += [self.execs.forget, inspection.forget]
        self.containers = Containers(
            context,
            Creation(context, images, self.volumes, runtimes),
            lifecycle,
            removal,
            inspection,
            Listing(context, images, inspection),
            Committing(context, images, lifecycle),
        )
        health = HealthChecks(context, self.execs)
        self.supervisor = Supervisor(context, exits, self.execs, lifecycle, removal, health)

    async def start(self) -> None:
        """Brings the host's networks in line with the records."""
        memory, networks = self._context.memory, self._context.ports.networks
        outdated = await self.networks.default_bridge.take_settings(filter(_holds, memory.containers.values()))
        running = {item.id: list(item.endpoints.values()) for item in memory.containers.values() if _holds(item)}
        await self._context.ports.volumes.start(list(memory.volumes.values()), _users(memory.containers.values()))
        standing = [network for network in memory.networks.values() if network != outdated]
        opened = [
            port for item in filter(_holds, memory.containers.values()) for port in links.ports(self._context, item)
        ]
        await networks.start(standing, running, opened)
        await self.networks.ensure_predefined()
        for container in memory.containers.values():
            if _holds(container) and has_resolver(container.endpoints.values()):
                await self._serve_names(container)

    async def _serve_names(self, container: Container) -> None:
        """Takes over a running container's resolver; one whose namespace is gone has ended and will be found out."""
        try:
            await serve_names(self._context, container, container.endpoints.values())
        except PierError as error:
            _log.warning("cannot serve names to container %s: %s", container.id, error.message)

    def run(self) -> None:
        """Sets the engine's own jobs going: it hears the runtime, resolves names, looks after the packet rules, and
        ends what was cut short.
        """
        self._context.jobs.spawn(self.supervisor.run(), "supervisor")
        self._context.jobs.spawn(self._context.ports.networks.run(), "networks")
        self._context.jobs.spawn(self._keep_rules(), "packet rules")
        self._context.jobs.spawn(self.volumes.tidy(), "volumes")

    async def _keep_rules(self) -> None:
        """Never returns: looks after the packet rules, which other tools of the host may flush."""
        while True:
            await asyncio.sleep(RULES_PERIOD)
            try:
                await self._context.ports.networks.refresh()
            except PierError as error:
                _log.warning("cannot refresh the packet rules: %s", error.message)

    async def reconfigure(self, config: Config) -> None:
        """Takes over a configuration that was read again, and says so by an event as dockerd does."""
        self._context.config = config
        self._runtimes.reconfigure(config)
        memory = self._context.memory
        await memory.commit(memory.event("daemon", "reload", self._engine_id, _reload_attributes(config)))

    async def first_look(self) -> None:
        """Waits until the records agree with containerd, or until it is plain that containerd does not answer."""
        try:
            await self.system.require_containerd()
        except Unavailable:
            return
        await self.supervisor.agreed.wait()

    async def stop(self) -> None:
        """Containers go on; only what belongs to this process ends."""
        await self._context.jobs.end(SHUTDOWN_PATIENCE)
        await self._context.ports.networks.stop()


def _reload_attributes(config: Config) -> dict[str, str]:
    """What may have changed, under dockerd's names."""
    return {
        "debug": str(config.debug).lower(),
        "default-cgroupns-mode": config.default_cgroupns_mode,
        "default-ipc-mode": config.default_ipc_mode,
        "default-runtime": config.default_runtime,
        "default-shm-size": str(config.default_shm_size),
        "insecure-registries": json.dumps(list(config.insecure_registries)),
        "labels": json.dumps(list(config.labels)),
        "live-restore": "true",
        "max-concurrent-downloads": str(config.max_concurrent_downloads),
        "max-concurrent-uploads": str(config.max_concurrent_uploads),
        "max-download-attempts": str(config.max_download_attempts),
        "name": config.instance,
        "registry-mirrors": json.dumps(list(config.registry_mirrors)),
        "runtimes": " ".join(f"{name}:{setting.path or setting.type}" for name, setting in config.runtimes.items()),
        "shutdown-timeout": str(config.shutdown_timeout),
    }


def _images(context: Context) -> Images:
    ports, memory = context.ports, context.memory

    async def publish(kind: str, action: str, actor_id: str, attributes: Mapping[str, str]) -> None:
        await memory.commit(memory.event(kind, action, actor_id, attributes))

    def in_use(image_id: str) -> list[ImageUser]:
        users = (item for item in memory.containers.values() if item.image_id == image_id or _mounts(item, image_id))
        return [ImageUser(id=item.id, name=item.name, running=item.state.is_running) for item in users]

    return Images(
        content=ports.content,
        image_records=ports.image_records,
        snapshots=ports.snapshots,
        diffs=ports.diffs,
        leases=ports.leases,
        registry=ports.registry,
        archives=ports.archives,
        publish=publish,
        in_use=in_use,
        platform=Platform(architecture=GO_ARCHITECTURES.get(context.facts.architecture, context.facts.architecture)),
        neighbours=ports.neighbours,
        spawn=context.jobs.spawn,
        image_namespaces=context.config.image_namespaces,
        downloads=context.config.max_concurrent_downloads,
        uploads=context.config.max_concurrent_uploads,
        now=memory.clock.now,
    )


def _mounts(container: Container, image_id: str) -> bool:
    """Whether an image is among what a container mounts."""
    return any(point.type == "image" and point.source == image_id for point in container.mount_points)


def _users(containers: Iterable[Container]) -> dict[str, set[str]]:
    """The running containers that have a volume, by its name."""
    users: dict[str, set[str]] = {}
    for container in containers:
        for point in container.mount_points:
            if point.type == "volume" and _holds(container):
                users.setdefault(point.name, set()).add(container.id)
    return users


def _holds(container: Container) -> bool:
    """It may still have its addresses and ports: also when it ended while pierd was away."""
    return container.state.has_task
