"""Processes that are held: by container id, the pid; and how they ended, where a test says that the kernel knows."""

from dataclasses import dataclass, field

from pier.domain.runtime import InitEnd


@dataclass
class FakeInits:
    """Fits the Inits port. What is held outlives a pierd, as with a keeper."""

    held: dict[str, int] = field(default_factory=dict)
    ends: dict[str, InitEnd] = field(default_factory=dict)
    taken_up: list[str] = field(default_factory=list)

    async def hold(self, container_id: str, pid: int) -> None:
        self.held[container_id] = pid

    async def take_up(self, container_id: str, pid: int) -> None:
        self.held[container_id] = pid
        self.taken_up.append(container_id)

    async def end_of(self, container_id: str, pid: int) -> InitEnd | None:
        return self.ends.get(container_id) if self.held.get(container_id) == pid else None

    async def release(self, container_id: str) -> None:
        self.held.pop(container_id, None)

    async def list_ids(self) -> list[str]:
        return list(self.held)
