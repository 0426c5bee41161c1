"""From a record to a running process, and back again when a step fails.

The order: intent; network, streams and user at the same time; files and containerd's container object; task created;
task started; record and event. Undo runs backwards from wherever it stopped.
"""

import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace

from pier.domain import ids
from pier.domain.container import Container, Health, State, Status
from pier.domain.errors import Conflict, NotFound, PierError, ShimGone, StartFailed, Unavailable
from pier.domain.mount import FilesystemMount, MountPoint
from pier.domain.network import Endpoint
from pier.domain.record import Drop, Intent, Put
from pier.domain.reference import record_name
from pier.domain.runtime import ContainerObject, ProcessUser
from pier.engine.containers import files, links
from pier.engine.containers.create import actor_attributes
from pier.engine.containers.defaults import default_ulimits, with_defaults
from pier.engine.containers.devices import FoundDevices, find_devices
from pier.engine.containers.ending import end_task, make_task
from pier.engine.containers.endpoints import (
    BRIDGE,
    asked_of_network,
    default_route,
    network_events,
    planned_endpoints,
    port_requests,
    publish,
    volume_events,
)
from pier.engine.containers.mounting import has_staged, mount_all
from pier.engine.containers.mounts import asked_propagation
from pier.engine.containers.namespaces import choose_namespaces, joined, network_of, network_owner, shared_memory
from pier.engine.containers.naming import RESOLVER, has_resolver, serve_names
from pier.engine.containers.restart import next_backoff
from pier.engine.containers.shim_groups import ANNOTATION, ShimGroups
from pier.engine.context import Context
from pier.engine.ports import Stream
from pier.engine.runtimes import Runtimes
from pier.engine.together import together
from pier.oci.inputs import HOST, Namespaces, SpecInputs
from pier.oci.resources import cgroups_path
from pier.oci.spec import build_spec

_log = logging.getLogger(__name__)
WRITERS_PATIENCE = 10.0  # seconds that a copy into the container may take before a start is refused
# A static one first: an init of the host's libraries does not run on an image that has others.
_INIT_BINARIES = ("/usr/bin/docker-init", "/usr/libexec/docker/docker-init", "/usr/bin/tini-static", "/usr/bin/tini")


@dataclass(slots=True)
class _Parts:
    """What the first, parallel half of a launch has found or made."""

    rootfs: list[FilesystemMount] = field(default_factory=list)
    user: ProcessUser = field(default_factory=ProcessUser)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    namespaces: Namespaces = field(default_factory=Namespaces)
    devices: FoundDevices = field(default_factory=FoundDevices)
    init_binary: str = ""
    shm_source: str = ""
    stream: Stream | None = None
    mount_points: tuple[MountPoint, ...] = ()  # as the runtime binds them


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """The init as it was started: it may have ended before we are back."""

    pid: int
    cgroup_path: str
    started_at: int
    shim_group: str
    warnings: tuple[str, ...]


class Launcher:
    def __init__(self, context: Context, runtimes: Runtimes, groups: ShimGroups, *, systemd_cgroup: bool) -> None:
        self._context = context
        self._runtimes = runtimes
        self._groups = groups
        self._systemd_cgroup = systemd_cgroup

    async def launch(self, container: Container) -> Container:
        """Starts it and records that; the caller holds the container's lock.

        On failure everything is undone, the record keeps the reason and the exit code a shell would give, and the error
        is raised: StartFailed, Conflict (port taken), NotFound (network gone), Unavailable, …
        """
        try:
            started = await self._launch(joined(self._context, container))
        except PierError as error:
            await self._record_failure(container, error)
            raise
        await links.follow(self._context, started)
        return started

    async def _launch(self, asked: Container) -> Container:
        memory = self._context.memory
        container = with_defaults(asked, self._context.config)
        if not await self._context.live.writers_gone(container.id, WRITERS_PATIENCE):
            raise Unavailable(f"files are being copied into container {container.id}: start it again when that is done")
        links.require_linked_running(self._context, container)
        intent = Intent(id=f"start-{container.id}", kind="start", subject=container.id)
        parts = _Parts()
        async with AsyncExitStack() as undo:
            await memory.commit(Put(intent))
            undo.push_async_callback(memory.commit, Drop(intent))
            await self._prepare_bind_sources(container)
            shown, bound = await mount_all(self._context, container, undo)
            container, parts.mount_points = replace(container, mount_points=shown), bound
            await together(
                self._join_networks(container, parts, undo),
                self._look_into_root(container, parts),
                self._find_devices(container, parts),
                self._open_streams(container, parts, undo),
            )
            run = await self._run(container, parts, undo)
            started = await self._record_start(replace(asked, mount_points=shown), parts, run, intent)
            undo.pop_all()
        return started

    async def _prepare_bind_sources(self, container: Container) -> None:
        host = self._context.ports.host
        for point in container.mount_points:
            if point.type != "bind":
                continue
            if point.request is None or point.request.create_mountpoint:
                await host.ensure_directory(point.source)
            if asked := asked_propagation(point):  # what it got by default may also be a private copy
                await host.require_propagation(point.source, asked)

    # -- the parallel half --------------------------------------------------------------------------------------------

    async def _join_networks(self, container: Container, parts: _Parts, undo: AsyncExitStack) -> None:
        host = container.host_config
        network = HOST
        if host.network_mode.startswith("container:"):
            network = network_of(self._context, host.network_mode)
        elif host.network_mode == "host":
            parts.endpoints = {
                name: replace(endpoint, endpoint_id=ids.new_id()) for name, endpoint in container.endpoints.items()
            }
        else:
            undo.push_async_callback(self._context.ports.networks.close_netns, container.id)
            network = await self._context.ports.networks.open_netns(container.id, {})
            await self._connect_all(container, parts, undo)
        parts.namespaces = choose_namespaces(self._context, host, network)
        if host.ipc_mode == "shareable":
            undo.push_async_callback(self._context.ports.host.close_shm, container.id)
        parts.shm_source = await shared_memory(self._context, container)

    async def _connect_all(self, container: Container, parts: _Parts, undo: AsyncExitStack) -> None:
        networks = self._context.ports.networks
        number = 0
        for name, planned, network in planned_endpoints(self._context, container):
            if network.driver == "null":
                parts.endpoints[name] = replace(planned, endpoint_id=ids.new_id())
                continue
            endpoint = await networks.connect(
                container.id,
                network,
                asked_of_network(container, planned),
                endpoint_id=ids.new_id(),
                interface=f"eth{number}",
            )
            undo.push_async_callback(networks.disconnect, container.id, endpoint)
            parts.endpoints[name] = replace(endpoint, request=planned.request, dns_names=planned.dns_names)
            number += 1
        await links.open_ports(self._context, replace(container, endpoints=parts.endpoints))
        await self._publish(container, parts)
        if has_resolver(parts.endpoints.values()):
            await serve_names(self._context, container, parts.endpoints.values())

    async def _publish(self, container: Container, parts: _Parts) -> None:
        ports = port_requests(container)
        endpoint = default_route(self._context, parts.endpoints)
        if ports and endpoint is not None:
            published = await publish(self._context, container, endpoint, ports)
            parts.endpoints[endpoint.network_name] = replace(endpoint, published=published)

    async def _look_into_root(self, container: Container, parts: _Parts) -> None:
        ports = self._context.ports
        parts.rootfs = await ports.snapshots.mounts(container.id)
        try:
            parts.user = await ports.host.look_up_user(
                container.config.user, container.host_config.group_add, rootfs=parts.rootfs
            )
        except NotFound as error:
            raise PierError(error.message) from error
        if container.host_config.init:
            parts.init_binary = await self._find_init()

    async def _find_init(self) -> str:
        for path in (self._context.config.init_path, *_INIT_BINARIES):
            if path and await self._context.ports.host.path_exists(path):
                return path
        raise PierError(
            'exec: "docker-init": executable file not found in $PATH: --init needs tini or docker-init on the host; '
            "install one (Debian: tini) or run without --init"
        )

    async def _find_devices(self, container: Container, parts: _Parts) -> None:
        parts.devices = await find_devices(self._context, container)

    async def _open_streams(self, container: Container, parts: _Parts, undo: AsyncExitStack) -> None:
        config = container.config
        log = container.host_config.log_config
        parts.stream = await self._context.ports.streams.open(
            container.id,
            stdin=config.open_stdin,
            terminal=config.tty,
            log=None if log.driver == "none" else log,
            log_path=container.log_path,
            container=container,
        )
        undo.push_async_callback(parts.stream.abandon)

    # -- the sequential half --------------------------------------------------------------------------------------

    async def _run(self, container: Container, parts: _Parts, undo: AsyncExitStack) -> _Run:
        """In a shim that it shares, or in one of its own: also where the shared one ends just now."""
        group = ""
        try:
            async with AsyncExitStack() as attempt:
                async with self._groups.joining(container) as group:
                    run = await self._run_in(group, container, parts, attempt)
                undo.push_async_exit(attempt.pop_all())
                return run
        except ShimGone as error:
            if not group:
                raise
            _log.warning("container %s gets a shim of its own: %s", container.id, error.message)
            await self._drop_task(container.id)  # containerd may have taken it down before the shim was gone
        return await self._run_in("", container, parts, undo)

    async def _run_in(self, group: str, container: Container, parts: _Parts, undo: AsyncExitStack) -> _Run:
        warnings = await self._make_object(group, container, parts, undo)
        pid, cgroup_path, started_at = await self._start_task(container, parts, undo)
        return _Run(pid=pid, cgroup_path=cgroup_path, started_at=started_at, shim_group=group, warnings=warnings)

    async def _make_object(
        self, group: str, container: Container, parts: _Parts, undo: AsyncExitStack
    ) -> tuple[str, ...]:
        config, ports = self._context.config, self._context.ports
        result = build_spec(
            SpecInputs(
                container=replace(container, mount_points=parts.mount_points),
                user=parts.user,
                facts=self._context.facts,
                hostname=container.config.hostname,
                files=await self._write_files(container, parts.endpoints),
                namespaces=parts.namespaces,
                cgroups_path=cgroups_path(
                    container.id,
                    parent=container.host_config.resources.cgroup_parent or config.cgroup_parent,
                    driver="systemd" if self._systemd_cgroup else "cgroupfs",
                ),
                devices=parts.devices.devices,
                block_devices=parts.devices.block,
                edits=parts.devices.edits,
                extra_env=links.environment(self._context, container),
                init_binary=parts.init_binary,
                shm_source=parts.shm_source,
                default_ulimits=default_ulimits(config),
                annotations={ANNOTATION: group} if group else {},
            )
        )
        made = ContainerObject(
            id=container.id,
            image=record_name(container.image_ref, container.image_id),
            snapshotter=container.driver,
            snapshot_key=container.id,
            spec=result.spec,
            runtime=self._runtimes.choose(container.host_config.runtime),
            labels={"pier/name": container.name},
        )
        try:
            await ports.objects.create(made)
        except Conflict:  # the last run's: containerd was not there to take it away
            await self._end_leftovers(container.id)
            await ports.objects.create(made)
        undo.push_async_callback(ports.objects.delete, container.id)
        return result.warnings

    async def _end_leftovers(self, container_id: str) -> None:
        async with self._context.gate.ending():
            await end_task(self._context.ports.tasks, container_id)
        with suppress(NotFound):
            await self._context.ports.objects.delete(container_id)

    async def _write_files(self, container: Container, endpoints: Mapping[str, Endpoint]) -> Mapping[str, str]:
        """hostname, hosts and resolv.conf; with a shared network they are its owner's.

        With the host's network they are copies of the host's, except for what is asked for: names or DNS settings.
        """
        host = self._context.ports.host
        if (owner := network_owner(self._context, container)) != container.id:
            directory = self._context.config.data_root / "containers" / owner
            return {name: str(directory / name) for name in ("hostname", "hosts", "resolv.conf")}
        own = container.host_config.network_mode != "host"
        own_hosts = own or bool(container.host_config.extra_hosts)
        own_resolver = own or files.has_dns_settings(container.host_config)
        linked = links.hosts_lines(self._context, container)
        gateways = self._context.config.host_gateway_ips or self._bridge_addresses()
        return await host.container_files(
            container.id,
            hostname=container.config.hostname,
            hosts=files.hosts_file(container, endpoints.values(), gateways, linked) if own_hosts else None,
            resolv_conf=await self._resolv_conf(container, endpoints) if own_resolver else None,
        )

    def _bridge_addresses(self) -> tuple[str, ...]:
        """The host's own, of each family, where every container reaches it."""
        return tuple(pool.gateway for pool in self._context.memory.network(BRIDGE).pools if pool.gateway)

    async def _resolv_conf(self, container: Container, endpoints: Mapping[str, Endpoint]) -> str:
        resolver = RESOLVER if has_resolver(endpoints.values()) else ""
        return files.resolv_conf(container, await self._context.ports.host.host_resolv_conf(), resolver=resolver)

    async def _start_task(self, container: Container, parts: _Parts, undo: AsyncExitStack) -> tuple[int, str, int]:
        """The pid and the cgroup of the running init, and when it started."""
        tasks, inits, live = self._context.ports.tasks, self._context.ports.inits, self._context.live
        assert parts.stream is not None
        async with self._context.gate.making():
            runtime = self._runtimes.choose(container.host_config.runtime)
            stdio = parts.stream.stdio
            pid = await make_task(tasks, container.id, rootfs=parts.rootfs, stdio=stdio, runtime=runtime)
            undo.push_async_callback(self._drop_task, container.id)
            if has_staged(container):
                await self._context.ports.host.unstage(container.id)
            live.set_stream(container.id, parts.stream)
            undo.callback(live.clear_stream, container.id)
            # Now, while the init waits: a started one may be gone before anybody looks.
            cgroup_path = await self._context.ports.host.cgroup_path(pid)
            undo.push_async_callback(inits.release, container.id)
            started_at = self._context.memory.clock.now()
            _, pid = await together(inits.hold(container.id, pid), tasks.start(container.id))
            return pid, cgroup_path, started_at

    async def _drop_task(self, container_id: str) -> None:
        """Undoes a create: a task whose start failed may or may not have a process left."""
        await self._groups.leave(container_id)
        async with self._context.gate.ending():
            await end_task(self._context.ports.tasks, container_id)

    async def _record_start(
        self,
        container: Container,
        parts: _Parts,
        run: _Run,
        intent: Intent,
    ) -> Container:
        memory = self._context.memory
        check = container.config.healthcheck
        checked = check is not None and check.test and check.test[0] != "NONE"
        started = replace(
            container,
            state=State(
                status=Status.RUNNING,
                pid=run.pid,
                started_at=run.started_at,
                finished_at=container.state.finished_at,
                health=Health() if checked else None,
                backoff=container.state.backoff,
            ),
            endpoints=parts.endpoints,
            cgroup_path=run.cgroup_path,
            shim_group=run.shim_group,
            warnings=(*container.warnings, *(text for text in run.warnings if text not in container.warnings)),
        )
        await memory.commit(
            Put(started),
            Drop(intent),
            *volume_events(self._context, started, "mount"),
            *network_events(self._context, started, "connect"),
            memory.event("container", "start", container.id, actor_attributes(container)),
        )
        return started

    async def _record_failure(self, container: Container, error: PierError) -> None:
        code = error.exit_code if isinstance(error, StartFailed) else 128
        state = replace(container.state, error=error.message, exit_code=code, pid=0, restart_at=0)
        if state.status is Status.RESTARTING and isinstance(error, Unavailable):  # containerd will come back: try again
            backoff = next_backoff(container, container.state.finished_at)
            state = replace(state, restart_at=self._context.memory.clock.now() + backoff, backoff=backoff)
        elif state.status is Status.RESTARTING:
            state = replace(state, status=Status.EXITED)
        await self._context.memory.commit(Put(replace(container, state=state)))
