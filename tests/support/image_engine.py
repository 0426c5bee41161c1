"""The image use cases over fakes or over a real containerd, with what they published."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from fakes.neighbours import FakeNeighbours
from support.images import host_architecture

from pier.archive.images import Archives
from pier.domain.image import Platform
from pier.domain.reference import parse
from pier.domain.registry import Progress, RegistryAuth
from pier.engine.images.claims import ImageUser
from pier.engine.images.images import Images
from pier.engine.ports import Content, Diffs, ImageRecords, Leases, Neighbours, Registry, Snapshots


@dataclass
class ImageEngine:
    """`users` by image id are the containers that the engine shall believe in; `events` are (action, actor, name)."""

    content: Content
    image_records: ImageRecords
    snapshots: Snapshots
    diffs: Diffs
    leases: Leases
    registry: Registry
    neighbours: Neighbours = field(default_factory=FakeNeighbours)
    image_namespaces: tuple[str, ...] = ()
    users: dict[str, list[ImageUser]] = field(default_factory=dict)
    events: list[tuple[str, str, str]] = field(default_factory=list)
    images: Images = field(init=False)

    def __post_init__(self) -> None:
        self.images = Images(
            content=self.content,
            image_records=self.image_records,
            snapshots=self.snapshots,
            diffs=self.diffs,
            leases=self.leases,
            registry=self.registry,
            archives=Archives(),
            publish=self._publish,
            in_use=lambda image_id: self.users.get(image_id, []),
            neighbours=self.neighbours,
            spawn=lambda job, name: asyncio.get_running_loop().create_task(job, name=name),
            image_namespaces=self.image_namespaces,
            platform=Platform(architecture=host_architecture()),
        )

    async def _publish(self, type: str, action: str, actor_id: str, attributes: Mapping[str, str]) -> None:
        self.events.append((action, actor_id, attributes.get("name", "")))

    async def load(self, archive: bytes, platform: Platform | None = None) -> list[str]:
        """The lines of a load."""
        return [line.stream.rstrip("\n") async for line in self.images.load(pieces(archive), platform=platform)]

    async def pull(self, repository: str, reference: str, platform: Platform | None = None) -> list[Progress]:
        """All lines of a pull."""
        lines = self.images.pull(repository, reference, platform=platform, auth=RegistryAuth())
        return [line async for line in lines]

    async def push(self, name: str, platform: Platform | None = None) -> list[Progress]:
        """All lines of a push; without a tag of all tags."""
        lines = self.images.push(parse(name, default_tag=""), platform=platform, auth=RegistryAuth())
        return [line async for line in lines]

    async def save(self, *names: str, platform: Platform | None = None) -> bytes:
        return b"".join([chunk async for chunk in self.images.save(names, platform=platform)])


async def pieces(data: bytes, size: int = 1 << 16) -> AsyncIterator[bytes]:
    """A body as it arrives from a socket."""
    for start in range(0, len(data), size):
        yield data[start : start + size]
