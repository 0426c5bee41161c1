"""A keeper of descriptors in memory: what `pier.network.ports.Keeper` asks for."""

import os


class FakePortKeeper:
    """Keeps duplicates by name, as the real one does across pierd's death."""

    def __init__(self) -> None:
        self.kept: dict[str, int] = {}

    async def put(self, name: str, descriptor: int) -> None:
        duplicate = os.dup(descriptor)
        await self.forget(name)
        self.kept[name] = duplicate

    async def take(self, name: str) -> int | None:
        return os.dup(self.kept[name]) if name in self.kept else None

    async def forget(self, *names: str) -> None:
        for name in names:
            if name in self.kept:
                os.close(self.kept.pop(name))

    def close(self) -> None:
        for descriptor in self.kept.values():
            os.close(descriptor)
        self.kept.clear()
