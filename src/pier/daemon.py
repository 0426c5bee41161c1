"""pierd: builds the adapters, the engine and the API, starts and stops them in order.

The only file that knows everybody.

SIGTERM and SIGINT end pierd and leave containers alone; a killed pierd leaves them alone, too. SIGHUP makes it read
daemon.json again.
"""

import asyncio
import fcntl
import hashlib
import logging
import os
import signal
import ssl
import sys
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from pier import __version__, config
from pier.api.app import Api
from pier.api.http.activation import notify_ready
from pier.api.http.listener import BadListener, parse_listener
from pier.api.http.tls import server_context
from pier.archive.copies import Copies
from pier.archive.images import Archives
from pier.config import Config, ConfigError
from pier.containerd.changes import ImageChanges
from pier.containerd.client import Client
from pier.containerd.containers import ContainerObjects
from pier.containerd.content import Content
from pier.containerd.diffs import Diffs
from pier.containerd.events import RuntimeEvents
from pier.containerd.images import ImageRecords
from pier.containerd.leases import Leases
from pier.containerd.neighbours import Neighbours
from pier.containerd.snapshots import Snapshots
from pier.containerd.tasks import Tasks
from pier.containerd.version import Version
from pier.domain.container import LogConfig
from pier.domain.errors import PierError
from pier.engine.bus import Bus
from pier.engine.clock import Clock
from pier.engine.context import Context, Ports
from pier.engine.engine import Engine
from pier.engine.gate import Gate
from pier.engine.jobs import Jobs
from pier.engine.live import Live
from pier.engine.memory import Memory
from pier.host.descriptors import raise_limit
from pier.host.heap import bound_heaps, settle_heap, trim_heaps
from pier.host.host import Host
from pier.host.inits import Inits
from pier.host.wrappers import write_wrappers
from pier.keeper.client import Keeper
from pier.logs.arrivals import Arrivals
from pier.logs.reader import Logs
from pier.logs.streams import Streams
from pier.network.ipam import DEFAULT_POOLS
from pier.network.networks import Networks
from pier.registry.client import Registry
from pier.store.records import Records
from pier.volumes.drivers import Drivers
from pier.volumes.layer_limits import LayerLimits
from pier.volumes.local import LocalVolumes

_log = logging.getLogger("pierd")
_LOCKS = Path("/run/lock")
TRIM_PERIOD = 15.0  # seconds
RECONCILE_PATIENCE = 5.0  # seconds that the API waits for the first comparison with containerd
_LEVELS = {"debug": "DEBUG", "info": "INFO", "warn": "WARNING", "error": "ERROR", "fatal": "CRITICAL"}


def main() -> None:
    """The `pierd` command."""
    try:
        settings = config.load(sys.argv[1:])
    except ConfigError as error:
        sys.exit(f"pierd: {error}")
    logging.basicConfig(
        level="DEBUG" if settings.debug else _LEVELS[settings.log_level],
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger("grpc").setLevel("WARNING")  # its debug lines, some for each call, drown ours
    os.environ.update(settings.proxies)
    bound_heaps()
    raise_limit()
    try:
        with _locked(settings), _pidfile(settings.pidfile):
            asyncio.run(serve(settings))
    except (PierError, BadListener, OSError) as error:
        sys.exit(f"pierd: {error}")


async def serve(settings: Config) -> None:
    """Runs the engine until SIGTERM or SIGINT. Raises PierError, BadListener for what cannot be started."""
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, done.set)
    again = asyncio.Event()
    loop.add_signal_handler(signal.SIGHUP, again.set)
    tls = _tls(settings)
    listeners = [
        parse_listener(url, group=settings.group, allow_insecure_tcp=settings.allow_insecure_tcp, tls=tls)
        for url in settings.hosts
    ]
    try:
        async with asyncio.TaskGroup() as group, _engine(settings, group, again) as engine:
            engine.run()
            trimming = group.create_task(_trim_regularly(), name="trim")
            with suppress(TimeoutError):
                async with asyncio.timeout(RECONCILE_PATIENCE):
                    await engine.first_look()
            async with Api(engine).serving(listeners):
                notify_ready()
                _log.info("pierd %s listens on %s", __version__, ", ".join(settings.hosts))
                await done.wait()
                _log.info("shutting down; containers go on")
            trimming.cancel()
    except* (PierError, BadListener) as errors:
        raise errors.exceptions[0] from None


def _tls(settings: Config) -> ssl.SSLContext | None:
    if not (settings.tls or settings.tlsverify):
        return None
    assert settings.tlscert is not None
    assert settings.tlskey is not None
    try:
        return server_context(settings.tlscert, settings.tlskey, settings.tlscacert if settings.tlsverify else None)
    except OSError as error:
        files = f"{settings.tlscert}, {settings.tlskey}, {settings.tlscacert}"
        raise BadListener(f"cannot read the certificates of the API ({files}): {error}") from error


async def _trim_regularly() -> None:
    """Never returns. What a burst of clients has left is given back soon after them."""
    await asyncio.sleep(TRIM_PERIOD)  # those who have waited for pierd come first
    await asyncio.to_thread(settle_heap)
    while True:
        await asyncio.to_thread(trim_heaps)
        await asyncio.sleep(TRIM_PERIOD)


@asynccontextmanager
async def _engine(settings: Config, group: asyncio.TaskGroup, again: asyncio.Event) -> AsyncIterator[Engine]:
    """`again` is set when the configuration is to be read again."""
    async with AsyncExitStack() as stack:
        records = await Records.open(settings.data_root / "pier.db")
        stack.push_async_callback(records.close)
        client = Client(settings.containerd, settings.containerd_namespace)
        stack.push_async_callback(client.close)
        keeper = Keeper(settings.exec_root / "keeper.sock")
        stack.push_async_callback(keeper.close)
        stack.callback(group.create_task(keeper.run(), name="keeper").cancel)
        arrivals = Arrivals()
        streams = Streams(exec_root=settings.exec_root, keeper=keeper, arrivals=arrivals)
        stack.push_async_callback(streams.close)
        registry = Registry(
            insecure=settings.insecure_registries,
            mirrors=settings.registry_mirrors,
            directory=settings.registry_config_path,
            attempts=settings.max_download_attempts,
        )
        neighbours = Neighbours(settings.containerd)
        stack.push_async_callback(neighbours.close)
        inits = Inits(keeper)
        stack.push_async_callback(inits.close)
        ports = _ports(settings, records, client, keeper, inits, streams, Logs(arrivals), registry, neighbours)
        stack.push_async_callback(ports.registry.close)
        ports.logs.check(LogConfig(driver=settings.log_driver, options=settings.log_opts))
        await asyncio.to_thread(write_wrappers, settings.data_root, _wrapped(settings))
        engine = await _build(settings, group, ports)
        await engine.start()
        stack.push_async_callback(engine.stop)
        stack.callback(group.create_task(_reload(settings, engine, registry, again), name="reload").cancel)
        yield engine


async def _reload(settings: Config, engine: Engine, registry: Registry, again: asyncio.Event) -> None:
    """Never returns: puts into force what of a changed daemon.json needs no restart; a mistake changes nothing."""
    while True:
        await again.wait()
        again.clear()
        try:
            wanted = await asyncio.to_thread(config.load, sys.argv[1:])
        except ConfigError as error:
            _log.error("the configuration stays as it is: %s", error)
            continue
        settings, taken, waiting = config.what_changed(settings, wanted)
        _set_log_level(settings)
        await asyncio.to_thread(write_wrappers, settings.data_root, _wrapped(settings))
        registry.reconfigure(insecure=settings.insecure_registries, mirrors=settings.registry_mirrors)
        try:
            await engine.reconfigure(settings)
        except PierError as error:
            _log.error("the reload is not recorded: %s", error.message)
        _log.info("the configuration was read again: %s", ", ".join(taken) or "nothing that can be reloaded changed")
        if waiting:
            _log.warning("changed, but only in force after a restart of pierd: %s", ", ".join(waiting))


def _wrapped(settings: Config) -> dict[str, Sequence[str]]:
    """The command lines of runtimes that have arguments of their own."""
    return {name: (item.path, *item.arguments) for name, item in settings.runtimes.items() if item.arguments}


def _set_log_level(settings: Config) -> None:
    logging.getLogger().setLevel("DEBUG" if settings.debug else _LEVELS[settings.log_level])


def _ports(
    settings: Config,
    records: Records,
    client: Client,
    keeper: Keeper,
    inits: Inits,
    streams: Streams,
    logs: Logs,
    registry: Registry,
    neighbours: Neighbours,
) -> Ports:
    """Every adapter, handed over as the Protocol it must fit: mypy checks that here."""
    changes = ImageChanges()
    return Ports(
        records=records,
        containerd=Version(client),
        tasks=Tasks(client),
        inits=inits,
        objects=ContainerObjects(client),
        snapshots=Snapshots(client, settings.storage_driver),
        limits=LayerLimits(),
        content=Content(client),
        image_records=ImageRecords(client, changes),
        neighbours=neighbours,
        diffs=Diffs(client),
        leases=Leases(client),
        runtime_events=RuntimeEvents(client, changes),
        streams=streams,
        logs=logs,
        networks=Networks(
            exec_root=settings.exec_root,
            instance=settings.instance,
            keeper=keeper,
            kept_names=keeper.names,
            own_table_only=settings.own_table_only,
            port_policy=settings.published_ports,
            direct_routing=settings.allow_direct_routing,
            default_pools=_pools(settings) or DEFAULT_POOLS,
        ),
        volumes=Drivers(LocalVolumes(settings.data_root), settings.volume_plugin_dirs),
        host=Host(
            data_root=settings.data_root,
            exec_root=settings.exec_root,
            containerd_address=settings.containerd,
            namespace=settings.containerd_namespace,
        ),
        registry=registry,
        archives=Archives(),
        copies=Copies(),
    )


def _pools(settings: Config) -> list[str]:
    return [f"base={base},size={size}" for base, size in settings.default_address_pools]


async def _build(settings: Config, group: asyncio.TaskGroup, ports: Ports) -> Engine:
    facts = await ports.host.facts()
    systemd = settings.cgroup_driver == "systemd" or (
        not settings.cgroup_driver and facts.cgroup_version == 2 and facts.has_systemd
    )
    if systemd and settings.cgroup_parent == "/pier":
        settings = replace(settings, cgroup_parent="pier.slice")
    stored = await ports.records.load()
    bus = Bus(ports.records)
    memory = Memory(ports.records, bus, Clock(stored.last_event_time))
    memory.adopt(stored)
    context = Context(
        config=settings,
        facts=facts,
        ports=ports,
        memory=memory,
        bus=bus,
        gate=Gate(facts.cpus),
        live=Live(),
        jobs=Jobs(group),
    )
    return Engine(context, engine_id=_engine_id(settings.data_root), systemd_cgroup=systemd)


def _engine_id(data_root: Path) -> str:
    """A name of this engine that stays, as /info shows it."""
    path = data_root / "engine-id"
    with suppress(FileNotFoundError):
        return path.read_text().strip()
    made = str(uuid.uuid4())
    path.write_text(f"{made}\n")
    return made


@contextmanager
def _locked(settings: Config) -> Iterator[None]:
    """Two engines must share neither a data root nor a containerd namespace: each has a lock, gone with its process."""
    for directory in (settings.data_root, settings.exec_root):
        directory.mkdir(mode=0o711, parents=True, exist_ok=True)
    key = f"{os.path.realpath(settings.containerd)}\0{settings.containerd_namespace}"
    named = _LOCKS / f"pier-{hashlib.sha256(key.encode()).hexdigest()[:16]}.lock"
    with (
        _lock(settings.data_root / "lock", f"the data root {settings.data_root}", "--data-root"),
        _lock(
            named,
            f"the namespace {settings.containerd_namespace} of {settings.containerd}",
            "--containerd-namespace",
        ),
    ):
        yield


@contextmanager
def _lock(path: Path, what: str, flag: str) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise PierError(f"another pierd uses {what}; stop it, or choose another with {flag}") from None
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _pidfile(path: Path | None) -> Iterator[None]:
    if path is None:
        yield
        return
    path.write_text(f"{os.getpid()}\n")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
