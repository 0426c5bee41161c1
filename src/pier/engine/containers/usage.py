"""`docker top` and `docker stats`: what runs in a container and what it uses."""

from dataclasses import dataclass

from pier.domain.container import Container
from pier.domain.errors import NotFound
from pier.domain.network import InterfaceCounters
from pier.domain.runtime import ResourceSample
from pier.engine.containers.ending import as_ended
from pier.engine.containers.telling import tell
from pier.engine.context import Context
from pier.engine.together import together


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsSample:
    """`sample` is None when it does not run, `counters` None without interfaces of its own."""

    container: Container
    sample: ResourceSample | None = None
    counters: list[InterfaceCounters] | None = None
    memory_limit: int = 0


async def top(context: Context, ref: str, ps_args: str) -> tuple[list[str], list[list[str]]]:
    """Titles and rows of the host's ps for the container's processes, in host pids. Conflict if it does not run."""
    container = context.memory.container(ref)
    container.require_running()
    async with as_ended(context.ports.tasks, container.id):
        pids = await context.ports.tasks.pids(container.id)
    table = await context.ports.host.processes(pids, ps_args or "-ef")
    await tell(context, container, "top")
    return table


async def stats(context: Context, ref: str) -> StatsSample:
    container = context.memory.container(ref)
    if not container.state.has_task:
        return StatsSample(container=container)
    try:
        sample, counters = await together(
            context.ports.host.sample(container.cgroup_path, container.state.pid), _counters(context, container)
        )
    except NotFound:  # it has just ended
        return StatsSample(container=container)
    limit = sample.memory_limit
    unlimited = limit is None or limit > context.facts.memory
    return StatsSample(
        container=container,
        sample=sample,
        counters=counters,
        memory_limit=context.facts.memory if unlimited else limit,
    )


async def _counters(context: Context, container: Container) -> list[InterfaceCounters] | None:
    mode = container.host_config.network_mode
    if mode in ("host", "none"):
        return None
    owner = mode.removeprefix("container:") if mode.startswith("container:") else container.id
    return await context.ports.networks.counters(owner)
