"""The end of a container's process: recorded once, published, cleaned up after, and perhaps started again.

An exit may be heard twice (an event and a list) or long after it happened; `settle` is idempotent by the pid. The exit
is recorded before the task is deleted in containerd: until then the shim keeps the code, so a killed pierd loses none.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

from pier.domain.container import Container, Status
from pier.domain.errors import NotFound, PierError
from pier.domain.network import Endpoint
from pier.domain.record import Publish, Put
from pier.domain.runtime import TaskExit
from pier.engine.containers.create import actor_attributes
from pier.engine.containers.endpoints import network_events, volume_events
from pier.engine.containers.mounting import give_back
from pier.engine.containers.restart import next_backoff, should_restart
from pier.engine.containers.shim_groups import ShimGroups
from pier.engine.containers.taking_up import take_up_streams
from pier.engine.context import Context
from pier.engine.live import Outcome

_log = logging.getLogger(__name__)


class Exits:
    def __init__(self, context: Context, groups: ShimGroups) -> None:
        self._context = context
        self._groups = groups
        # Set by whoever builds the use cases: what follows an exit belongs to others.
        self.after_exit: Callable[[Container], Awaitable[None]] | None = None

    async def settle(self, exit_: TaskExit, *, reason: str = "") -> None:
        """Records the exit of a container's init and cleans up behind it; `reason` says why the code is a guess.

        Raises PierError where it cannot be recorded: then nothing is done yet.
        """
        memory, live = self._context.memory, self._context.live
        if exit_.container_id not in memory.containers:
            return
        async with live.lock(exit_.container_id):
            container = memory.containers.get(exit_.container_id)
            if container is None or not container.state.has_task or container.state.pid != exit_.pid:
                return
            await take_up_streams(self._context, container)  # an exit may be found before they are
            reason = reason or await self._groups.reason(container, exit_)
            ended = await self._record(container, exit_, reason)
            await self.clean(ended)
            try:
                await memory.commit(Put(without_addresses(memory.containers[ended.id])))
            except PierError as error:  # a later start gives it new ones; who waits for the end is told of it
                _log.warning("container %s keeps its old addresses: %s", ended.id, error.message)
        live.exited(ended.id, Outcome(exit_.status))
        if self.after_exit is not None:
            await self.after_exit(memory.containers.get(ended.id, ended))

    async def _record(self, container: Container, exit_: TaskExit, reason: str) -> Container:
        memory = self._context.memory
        if self._context.live.is_stop_noted(container.id):
            container = replace(container, state=replace(container.state, stopped_by_user=True))
        told_of_oom = self._context.live.take_oom(container.id)
        oom_killed = told_of_oom or await self._was_short_of_memory(container)
        again = should_restart(container, exit_.status) and not self._context.live.is_closing
        backoff = next_backoff(container, exit_.exited_at) if again else 0
        health = container.state.health
        state = replace(
            container.state,
            status=Status.RESTARTING if again else Status.EXITED,
            pid=0,
            exit_code=exit_.status,
            error=reason,
            oom_killed=oom_killed,
            finished_at=exit_.exited_at,
            # What does not run is not healthy: tools wait for `healthy`, and Docker shows it so.
            health=replace(health, status="unhealthy") if health else None,
            restart_at=memory.clock.now() + backoff if again else 0,
            backoff=backoff,
        )
        ended = replace(container, state=state, restart_count=container.restart_count + again)
        unheard = oom_killed and not told_of_oom
        oom = [memory.event("container", "oom", container.id, actor_attributes(container))] if unheard else []
        await memory.commit(Put(ended), *oom, *self._events(container, exit_))
        self._context.live.note_stop(container.id, by_user=False)
        return ended

    async def _was_short_of_memory(self, container: Container) -> bool:
        """The report of it may come after that of the exit, so the cgroup is asked, which is there until the task is
        deleted.
        """
        return bool(container.cgroup_path) and await self._context.ports.host.oom_kills(container.cgroup_path) > 0

    def _events(self, container: Container, exit_: TaskExit) -> list[Publish]:
        """Docker's order: network disconnect, then `stop` if one was asked for, then `die`."""
        memory = self._context.memory
        events = network_events(self._context, container, "disconnect")
        events += volume_events(self._context, container, "unmount")
        attributes = actor_attributes(container)
        if self._context.live.is_stopping(container.id):
            events.append(memory.event("container", "stop", container.id, attributes))
        lasted = max(0, exit_.exited_at - container.state.started_at) // 1_000_000_000
        died = {**attributes, "exitCode": str(exit_.status), "execDuration": str(lasted)}
        return [*events, memory.event("container", "die", container.id, died)]

    async def clean(self, container: Container) -> None:
        """Takes away what a run has left: task, output, container object, network. Each step is idempotent.

        A step that fails is logged and does not keep the others from being done.
        """
        ports = self._context.ports
        # First of all nobody is sent to it any more: to delete a task takes a while.
        await _attempt(ports.networks.serve_names(container.id, (), ()), "take the names off", container.id)
        await self._groups.leave(container.id)
        async with self._context.gate.ending():
            await _attempt(ports.tasks.delete(container.id), "delete the task of", container.id)
        stream = self._context.live.stream(container.id)
        async with asyncio.TaskGroup() as group:
            if stream is not None:
                group.create_task(_attempt(stream.finish(), "read the last output of", container.id))
            group.create_task(_attempt(ports.inits.release(container.id), "let go of the process of", container.id))
            group.create_task(_attempt(ports.objects.delete(container.id), "delete the object of", container.id))
            group.create_task(_attempt(self._leave_networks(container), "take off the network", container.id))
            group.create_task(_attempt(give_back(self._context, container), "give back the volumes of", container.id))
            if container.host_config.ipc_mode == "shareable":
                group.create_task(_attempt(ports.host.close_shm(container.id), "unmount /dev/shm of", container.id))
        self._context.live.clear_stream(container.id)

    async def _leave_networks(self, container: Container) -> None:
        networks = self._context.ports.networks
        for endpoint in container.endpoints.values():
            await networks.disconnect(container.id, endpoint)
        await networks.close_netns(container.id)


async def _attempt(step: Awaitable[object], what: str, container_id: str) -> None:
    try:
        with suppress(NotFound):
            await step
    except PierError as error:
        _log.warning("cannot %s container %s: %s", what, container_id, error.message)
    except Exception:  # whatever it is: those who wait for the end are told of it all the same
        _log.exception("cannot %s container %s", what, container_id)


def without_addresses(container: Container) -> Container:
    """A stopped container keeps its networks, not its place on them."""
    endpoints = {name: without_address(endpoint) for name, endpoint in container.endpoints.items()}
    return replace(container, endpoints=endpoints)


def without_address(endpoint: Endpoint) -> Endpoint:
    return replace(
        endpoint,
        endpoint_id="",
        interface="",
        host_interface="",
        mac_address="",
        ipv4_address="",
        ipv4_prefix=0,
        gateway="",
        ipv6_address="",
        ipv6_prefix=0,
        ipv6_gateway="",
        published=(),
    )
