"""version, info and disk usage: what this engine is and what it holds."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pier import __version__
from pier.config import Config
from pier.domain.container import Status
from pier.domain.errors import PierError
from pier.domain.runtime import HostFacts
from pier.engine.containers.shim_groups import ShimGroups
from pier.engine.context import Context
from pier.engine.images.images import Images
from pier.engine.runtimes import Runtimes


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionFacts:
    version: str
    containerd_version: str  # "" while containerd is away
    containerd_revision: str
    facts: HostFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class InfoFacts:
    id: str
    name: str
    version: str
    containers: int
    running: int
    paused: int
    stopped: int
    images: int
    driver: str
    facts: HostFacts
    data_root: str
    cgroup_driver: str
    default_runtime: str
    runtimes: Mapping[str, str] = field(default_factory=dict)
    security_options: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    insecure_registries: tuple[str, ...] = ()
    registry_mirrors: tuple[str, ...] = ()
    containerd_address: str = ""
    containerd_namespace: str = ""
    containerd_version: str = ""
    containerd_revision: str = ""
    proxies: Mapping[str, str] = field(default_factory=dict)  # by variable, as HTTP_PROXY
    cdi_spec_dirs: tuple[str, ...] = ()
    cdi_devices: tuple[str, ...] = ()
    debug: bool = False
    log_driver: str = "json-file"
    volume_drivers: Sequence[str] = ("local",)
    default_address_pools: tuple[tuple[str, int], ...] = ()
    shim_groups: tuple[int, ...] | None = None  # how many containers share each; None: nothing is shared, nor shall be
    system_time: int = 0


class System:
    def __init__(
        self,
        context: Context,
        images: Images,
        runtimes: Runtimes,
        groups: ShimGroups,
        *,
        engine_id: str,
        systemd: bool,
    ) -> None:
        self._groups = groups
        self._context = context
        self._images = images
        self._runtimes = runtimes
        self._engine_id = engine_id
        self._systemd = systemd

    async def require_containerd(self) -> None:
        """Raises Unavailable, naming the socket, when containerd does not answer."""
        await self._context.ports.containerd.version()

    async def version(self) -> VersionFacts:
        version, revision = await self._containerd_version()
        return VersionFacts(
            version=__version__,
            containerd_version=version,
            containerd_revision=revision,
            facts=self._context.facts,
        )

    async def _containerd_version(self) -> tuple[str, str]:
        try:
            return await self._context.ports.containerd.version()
        except PierError:
            return "", ""

    async def info(self) -> InfoFacts:
        """Answers also while containerd is away; a warning says so then."""
        config, facts = self._context.config, self._context.facts
        version, revision = await self._containerd_version()
        counted = Counter(item.state.status for item in self._context.memory.containers.values())
        running = counted[Status.RUNNING] + counted[Status.RESTARTING]
        return InfoFacts(
            id=self._engine_id,
            name=facts.hostname,
            version=__version__,
            containers=counted.total(),
            running=running,
            paused=counted[Status.PAUSED],
            stopped=counted.total() - running - counted[Status.PAUSED],
            images=await self._count_images(),
            driver=self._context.ports.snapshots.snapshotter,
            facts=facts,
            data_root=str(config.data_root),
            cgroup_driver="systemd" if self._systemd else "cgroupfs",
            default_runtime=config.default_runtime,
            runtimes=self._runtimes.names(),
            security_options=_security_options(facts, config),
            labels=config.labels,
            warnings=(*_warnings(facts), *(() if version else (f"containerd at {config.containerd} does not answer",))),
            insecure_registries=config.insecure_registries,
            registry_mirrors=config.registry_mirrors,
            containerd_address=config.containerd,
            containerd_namespace=config.containerd_namespace,
            containerd_version=version,
            containerd_revision=revision,
            proxies=config.proxies,
            cdi_spec_dirs=config.cdi_spec_dirs,
            cdi_devices=tuple(await self._context.ports.host.cdi_devices(config.cdi_spec_dirs)),
            debug=config.debug,
            log_driver=config.log_driver,
            volume_drivers=await self._context.ports.volumes.names(),
            default_address_pools=config.default_address_pools,
            shim_groups=self._shim_groups(),
            system_time=int(datetime.now(UTC).timestamp() * 1e9),
        )

    def _shim_groups(self) -> tuple[int, ...] | None:
        sizes = tuple(sorted(self._groups.sizes(), reverse=True))
        return sizes if sizes or self._context.config.shim_group else None

    async def _count_images(self) -> int:
        try:
            return len(await self._images.list())
        except PierError:
            return 0


def _security_options(facts: HostFacts, config: Config) -> tuple[str, ...]:
    options = ["name=apparmor"] if facts.has_apparmor else []
    options += [f"name=seccomp,profile={config.seccomp_profile or 'builtin'}"] if facts.has_seccomp else []
    options += ["name=no-new-privileges"] if config.no_new_privileges else []
    options += ["name=cgroupns"] if facts.cgroup_version == 2 else []
    return tuple(options)


def _warnings(facts: HostFacts) -> list[str]:
    warnings = []
    if not facts.swap_limit:
        warnings.append("WARNING: No swap limit support")
    if facts.capabilities and "CAP_SYS_RESOURCE" not in facts.capabilities:
        warnings.append(
            "WARNING: containerd lacks CAP_SYS_RESOURCE: privileged containers, ulimits and OOM scores are cut"
        )
    return warnings
