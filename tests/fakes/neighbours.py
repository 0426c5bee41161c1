"""Other namespaces of a containerd in memory. Blobs are not shared: what is copied is seen."""

from dataclasses import dataclass, field

from fakes.containerd import FakeContainerd
from fakes.containerd.storage import FakeContent, FakeImageRecords, FakeLeases


@dataclass
class FakeNeighbour:
    containerd: FakeContainerd
    is_there: bool

    @property
    def content(self) -> FakeContent:
        return self.containerd.content

    @property
    def records(self) -> FakeImageRecords:
        return self.containerd.images

    @property
    def leases(self) -> FakeLeases:
        return self.containerd.leases

    async def exists(self) -> bool:
        return self.is_there


@dataclass
class FakeNeighbours:
    """`namespaces` are those that exist; any other is empty."""

    namespaces: dict[str, FakeContainerd] = field(default_factory=dict)

    def get(self, namespace: str) -> FakeNeighbour:
        containerd = self.namespaces.get(namespace)
        return FakeNeighbour(containerd or FakeContainerd(), containerd is not None)
