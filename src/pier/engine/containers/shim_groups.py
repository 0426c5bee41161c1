"""Containers that share a shim: with `--shim-group`, those of one compose project or of one network of the user's.

containerd runs a shim for each container, of 3 to 5 MB; one that serves sixteen takes little more. runc's shim is
shared by all containers whose spec names the same group in an annotation. What they share is a fate, too: who kills
that shim kills them all, and each waits while a sibling is made.

A shim ends with the last of its containers, and a container that joins just then finds it gone. So the last one to
leave closes its group before its task is deleted, under the lock that who joins holds until its own task is made.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pier.domain import ids
from pier.domain.container import Container
from pier.domain.errors import NotFound
from pier.domain.runtime import RuntimeChoice, TaskExit
from pier.engine.containers.endpoints import PREDEFINED
from pier.engine.context import Context
from pier.engine.runtimes import SHIM, Runtimes

LARGEST_GROUP = 16  # containers; so many are lost with a shim at most
KILLED = 128 + 9  # what containerd reports of whom it kills because its shim is gone

# The annotations that runc's shim looks at, in this order (containerd, runtime/v2/runc, "groupLabels").
ANNOTATION = "io.containerd.runc.v2.group"
_ANNOTATIONS = (ANNOTATION, "io.kubernetes.cri.sandbox-id")
_PROJECT = "com.docker.compose.project"

_Owner = tuple[str, str, RuntimeChoice]  # what the group belongs to, and how its containers are run


@dataclass(slots=True)
class _Group:
    id: str
    owner: _Owner
    members: set[str] = field(default_factory=set)  # containers that have a place, made or not
    made: set[str] = field(default_factory=set)  # those with a task
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)  # held while a task is made in it, and while one leaves
    closed: bool = False  # its shim ends, or never was


class ShimGroups:
    """Who shares a shim with whom, and who may join. The records name each container's group, so a new pierd knows."""

    def __init__(self, context: Context, runtimes: Runtimes) -> None:
        self._context = context
        self._runtimes = runtimes
        self._groups: dict[str, _Group] = {}
        self._of: dict[str, _Group] = {}  # by container id
        for container in context.memory.containers.values():
            if container.shim_group and container.state.has_task:
                self._adopt(container)

    def _adopt(self, container: Container) -> None:
        """One that an earlier pierd has started; it counts also where groups are switched off by now."""
        owner = self._owner(container)
        if owner is None:  # nobody can join it; it is known for who asks
            owner = ("", container.shim_group, RuntimeChoice())
        group = self._groups.setdefault(container.shim_group, _Group(container.shim_group, owner))
        group.members.add(container.id)
        group.made.add(container.id)
        self._of[container.id] = group

    @asynccontextmanager
    async def joining(self, container: Container) -> AsyncIterator[str]:
        """Around the making of a container's task: the group whose shim it is made in, "" for one of its own.

        When the body fails, the container has no place in the group.
        """
        owner = self._owner(container) if self._context.config.shim_group else None
        if owner is None:
            yield ""
            return
        while True:
            group = self._place(owner, container.id)
            try:
                async with group.lock:
                    if not group.closed:
                        yield group.id
                        group.made.add(container.id)
                        return
            except BaseException:  # also while it waits for its turn
                self._drop(group, container.id)
                raise

    async def leave(self, container_id: str) -> None:
        """To be called before the task is deleted. The last one waits for who is being made and will hold the shim."""
        group = self._of.get(container_id)
        if group is None:
            return
        if group.made - {container_id}:
            self._drop(group, container_id)
            return
        async with group.lock:
            self._drop(group, container_id)

    def siblings(self, container_id: str) -> list[str]:
        """The containers whose tasks are in the same shim, that one among them; none where it has a shim of its own."""
        group = self._of.get(container_id)
        return sorted(group.made) if group is not None else []

    def sizes(self) -> list[int]:
        """How many containers each group has."""
        return [len(group.made) for group in self._groups.values()]

    async def reason(self, container: Container, exit_: TaskExit) -> str:
        """Why it ended, where that was its shim's end; else "". containerd then knows no task any more."""
        if not container.shim_group or exit_.status != KILLED:
            return ""
        try:
            await self._context.ports.tasks.get(container.id)
        except NotFound:
            return f"its shim, which it shared with the others of group {container.shim_group}, was killed"
        return ""

    def _place(self, owner: _Owner, container_id: str) -> _Group:
        """A place in the fullest group of this owner that has one, or in a new group."""
        open_ones = [
            group for group in self._groups.values() if group.owner == owner and len(group.members) < LARGEST_GROUP
        ]
        group = max(open_ones, key=lambda each: len(each.members), default=None) or _Group(ids.new_id(), owner)
        self._groups[group.id] = group
        group.members.add(container_id)
        self._of[container_id] = group
        return group

    def _drop(self, group: _Group, container_id: str) -> None:
        """Takes its place away; a group without a task is closed, and who waits for it looks for another."""
        group.members.discard(container_id)
        group.made.discard(container_id)
        if self._of.get(container_id) is group:
            del self._of[container_id]
        if not group.made:
            group.closed = True
            self._groups.pop(group.id, None)

    def _owner(self, container: Container) -> _Owner | None:
        """None where it belongs to nothing that others belong to, too, or has a shim of another kind."""
        host = container.host_config
        if not self._runtimes.knows(host.runtime) or any(name in host.annotations for name in _ANNOTATIONS):
            return None
        runtime = self._runtimes.choose(host.runtime)
        if runtime.name != SHIM:
            return None
        if project := container.config.labels.get(_PROJECT):
            return "project", project, runtime
        network = _network_id(container, self._context.memory.containers)
        return ("network", network, runtime) if network else None


def _network_id(container: Container, others: Mapping[str, Container]) -> str:
    """The id of the user's own network that it is on first of all, be it by another container; "" for none."""
    mode = container.host_config.network_mode
    if mode.startswith("container:"):
        joined = others.get(mode.removeprefix("container:"))
        return _network_id(joined, {}) if joined is not None else ""
    return next((item.network_id for name, item in container.endpoints.items() if name not in PREDEFINED), "")
