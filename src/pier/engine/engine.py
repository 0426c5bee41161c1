"""The engine put together: use cases over one context, and the supervisor beside them."""

from pier.domain.container import Container
from pier.engine.bus import Bus
from pier.engine.containers.create import Creation
from pier.engine.containers.exits import Exits
from pier.engine.containers.facade import Containers
from pier.engine.containers.inspect import Inspection
from pier.engine.containers.launch import Launcher
from pier.engine.containers.lifecycle import Lifecycle
from pier.engine.containers.listing import Listing
from pier.engine.containers.remove import Removal
from pier.engine.context import Context
from pier.engine.execs import Execs
from pier.engine.health import HealthChecks
from pier.engine.images.images import Images
from pier.engine.networks import Networks
from pier.engine.runtimes import Runtimes
from pier.engine.supervisor import Supervisor
from pier.engine.system import System
from pier.engine.volumes import Volumes


class Engine:
    """What the API talks to."""

    def __init__(self, context: Context, images: Images, *, engine_id: str, systemd_cgroup: bool) -> None:
        self._context = context
        runtimes = Runtimes(context.config, systemd_cgroup=systemd_cgroup)
        self.images = images
        self.volumes = Volumes(context)
        self.networks = Networks(context)
        self.events: Bus = context.bus
        self.system = System(context, images, runtimes, engine_id=engine_id, systemd=systemd_cgroup)
        self.execs = Execs(context)
        lifecycle = Lifecycle(context, Launcher(context, runtimes, systemd_cgroup=systemd_cgroup))
        exits = Exits(context)
        removal = Removal(context, lifecycle, exits, self.volumes)
        inspection = Inspection(context, images)
        self.containers = Containers(
            context,
            Creation(context, images, self.volumes, runtimes),
            lifecycle,
            removal,
            inspection,
            Listing(context, images, inspection),
        )
        health = HealthChecks(context, self.execs)
        self.supervisor = Supervisor(context, exits, self.execs, lifecycle, removal, health)

    async def start(self) -> None:
        """Brings the host's networks in line with the records. The supervisor is run by the daemon."""
        memory, networks = self._context.memory, self._context.ports.networks
        running = {item.id: list(item.endpoints.values()) for item in memory.containers.values() if _holds(item)}
        await networks.start(list(memory.networks.values()), running)
        await self.networks.ensure_predefined()

    async def stop(self) -> None:
        """Containers go on; only what belongs to this process ends."""
        await self._context.ports.networks.stop()


def _holds(container: Container) -> bool:
    """It may still have its addresses and ports: also when it ended while pierd was away."""
    return container.state.has_task
