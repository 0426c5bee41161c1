"""`docker update`: new limits and another restart policy, while a container runs or not."""

from dataclasses import dataclass, field, replace
from typing import Any

from pier.domain.container import Container, RestartPolicy, Status
from pier.domain.errors import Conflict, InvalidArgument, PierError
from pier.domain.record import Put
from pier.domain.resources import Resources
from pier.engine.containers.create import actor_attributes
from pier.engine.containers.ending import has_ended
from pier.engine.containers.validate import check_restart_policy, check_update
from pier.engine.context import Context
from pier.oci.resources import resource_document

# What can be changed; the rest of Resources (devices, ulimits, …) is fixed at create.
_NUMBERS = (
    "blkio_weight",
    "cpu_period",
    "cpu_quota",
    "cpu_realtime_period",
    "cpu_realtime_runtime",
    "cpu_shares",
    "cpuset_cpus",
    "cpuset_mems",
    "memory",
    "memory_reservation",
    "memory_swap",
    "nano_cpus",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRequest:
    """Zero, empty and None leave things as they are; `pids_limit` 0 and -1 take the limit away."""

    resources: Resources = field(default_factory=Resources)
    restart_policy: RestartPolicy | None = None


class Updating:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def update(self, ref: str, request: UpdateRequest) -> list[str]:
        """Applies it to the running container, then records it; warnings about limits that this host cannot hold.

        Raises InvalidArgument for bad values, Conflict for values that contradict what is set.
        """
        check_update(request.resources, self._context.facts)
        if request.restart_policy is not None:
            check_restart_policy(request.restart_policy)
        container_id = self._context.memory.container(ref).id
        async with self._context.live.lock(container_id):
            container = self._context.memory.container(container_id)
            if container.state.status in (Status.REMOVING, Status.DEAD):
                raise Conflict(
                    f"Cannot update container {container_id}: Container is marked for removal and cannot be updated."
                )
            return await self._update(container, request)

    async def _update(self, container: Container, request: UpdateRequest) -> list[str]:
        given, host = request.resources, container.host_config
        _check_conflicts(container, request)
        changed = replace(host.resources, **_changes(given))
        warnings: list[str] = []
        if container.state.has_task:
            await self._apply(container, given, changed, warnings)
        updated = replace(
            container,
            host_config=replace(host, resources=changed, restart_policy=request.restart_policy or host.restart_policy),
        )
        memory = self._context.memory
        event = memory.event("container", "update", container.id, actor_attributes(container))
        await memory.commit(Put(updated), event, durable=True)
        return warnings

    async def _apply(self, container: Container, given: Resources, changed: Resources, warnings: list[str]) -> None:
        """Only what changes; memory and swap go together, as the kernel takes neither beyond the other."""
        live = replace(Resources(), **_changes(given))
        if given.memory or given.memory_swap:
            live = replace(live, memory=changed.memory, memory_swap=changed.memory_swap)
        if given.nano_cpus or given.cpu_period or given.cpu_quota:
            live = replace(
                live, nano_cpus=changed.nano_cpus, cpu_period=changed.cpu_period, cpu_quota=changed.cpu_quota
            )
        if given.pids_limit is not None:
            live = replace(live, pids_limit=given.pids_limit or -1)
        document = resource_document(live, self._context.facts, warnings)
        if not document:
            return
        try:
            await self._context.ports.tasks.update(container.id, document)
        except PierError as error:
            if await has_ended(self._context.ports.tasks, container.id):  # what is recorded counts for its next run
                return
            if "cpuset." in error.message:  # the kernel's only way to say that there are no such CPUs or nodes
                wanted = given.cpuset_cpus or given.cpuset_mems
                raise InvalidArgument(
                    f"Requested CPUs are not available - requested {wanted}: {error.message}"
                ) from error
            raise


def _changes(given: Resources) -> dict[str, Any]:
    changes: dict[str, Any] = {name: value for name in _NUMBERS if (value := getattr(given, name))}
    if given.pids_limit is not None:
        changes["pids_limit"] = max(0, given.pids_limit)  # 0 tells of a limit that was taken away, as dockerd's inspect
    return changes


def _check_conflicts(container: Container, request: UpdateRequest) -> None:
    """Raises Conflict in docker's words for what contradicts what the container has."""
    given, have = request.resources, container.host_config.resources
    reason = ""
    if given.nano_cpus and (have.cpu_period or have.cpu_quota):
        set_already = "Period" if have.cpu_period else "Quota"
        reason = f"Conflicting options: Nano CPUs cannot be updated as CPU {set_already} has already been set"
    elif (given.cpu_period or given.cpu_quota) and have.nano_cpus:
        wanted = "Period" if given.cpu_period else "Quota"
        reason = f"Conflicting options: CPU {wanted} cannot be updated as NanoCPUs has already been set"
    elif given.memory and not given.memory_swap and given.memory > have.memory_swap:
        reason = (
            "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time"
        )
    elif request.restart_policy and request.restart_policy.name != "no" and container.host_config.auto_remove:
        reason = "Restart policy cannot be updated because AutoRemove is enabled for the container"
    if reason:
        raise Conflict(f"Cannot update container {container.id}: {reason}")
