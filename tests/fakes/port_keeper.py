"""A keeper of descriptors in memory: what `pier.network.ports.Keeper` asks for."""

import os
from collections.abc import Sequence


class FakePortKeeper:
    """Keeps duplicates by name, as the real one does across pierd's death."""

    def __init__(self) -> None:
        self.kept: dict[str, list[int]] = {}

    async def put(self, name: str, fds: Sequence[int]) -> None:
        duplicates = [os.dup(fd) for fd in fds]
        await self.forget(name)
        self.kept[name] = duplicates

    async def take(self, name: str) -> list[int]:
        return [os.dup(fd) for fd in self.kept.get(name, [])]

    async def forget(self, name: str) -> None:
        for fd in self.kept.pop(name, []):
            os.close(fd)

    def close(self) -> None:
        for fds in self.kept.values():
            for fd in fds:
                os.close(fd)
        self.kept.clear()
