"""The parts of the fake engine that hold no containers: images, networks, volumes, facts and events."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

from fakes.containers import NETWORK, SECOND, WEB, an_image

from pier.domain.container import Container
from pier.domain.errors import NotFound
from pier.domain.event import Event
from pier.domain.filters import Filters
from pier.domain.image import Image
from pier.domain.network import Endpoint, IpamPool, Network
from pier.domain.registry import Progress
from pier.domain.runtime import HostFacts
from pier.domain.volume import Volume
from pier.engine.explain import Step
from pier.engine.images.claims import ImageUser
from pier.engine.images.history import HistoryRow
from pier.engine.images.usage import DiskUsage, ImageUsage
from pier.engine.images.variants import Variant
from pier.engine.networks import CreateNetwork, NetworkDetails
from pier.engine.system import InfoFacts, VersionFacts


class FakeImages:
    def __init__(self) -> None:
        self.all = {"busybox:latest": an_image()}
        self.progress: list[Progress | Exception] = []
        self.pulled: list[tuple[Any, ...]] = []
        self.pushed: list[tuple[Any, ...]] = []
        self.shared: list[tuple[str, str]] = []
        self.platforms: list[Any] = []
        self.imported: list[tuple[Any, bytes]] = []
        self.loaded = b""
        self.quiet = True

    async def get(self, ref: str) -> Image:
        for name, image in self.all.items():
            if ref in (name, name.partition(":")[0], image.id):
                return image
        raise NotFound(f"No such image: {ref}:latest")

    async def list(self, *, all: bool = False, filters: Filters | None = None) -> "list[Image]":
        (filters or Filters()).require_known(("dangling", "label", "before", "since", "until", "reference"))
        return list(self.all.values())

    async def get_for(self, ref: str, platform: Any) -> Image:
        image = await self.get(ref)
        if image.platform.architecture != platform.architecture:
            raise NotFound(f"image with reference {ref} was found but does not provide the specified platform")
        return image

    async def variants(self, ref: str) -> Sequence[Variant]:
        image = await self.get(ref)
        attestation = replace(image.manifest, digest="sha256:" + "a" * 64)
        return [
            Variant(
                descriptor=image.manifest,
                kind="image",
                is_available=True,
                content_size=10,
                unpacked_size=20,
                platform=image.platform,
                image=image,
            ),
            Variant(
                descriptor=attestation,
                kind="attestation",
                is_available=False,
                content_size=0,
                attests=image.manifest.digest,
            ),
        ]

    def users(self, image_id: str) -> Sequence[ImageUser]:
        return [ImageUser(id=WEB, name="web", running=True)]

    async def history(self, ref: str, *, platform: Any = None) -> Sequence[HistoryRow]:
        image = await self.get(ref)
        row = HistoryRow(id=image.id, created_at=0, created_by="", comment="", size=1, tags=image.repo_tags)
        return [row, replace(row, id="<missing>", tags=())]

    async def pull(self, repository: str, reference: str, *, platform: Any, auth: Any) -> AsyncIterator[Progress]:
        self.pulled.append((repository, reference, platform, auth))
        for item in self.progress:
            if isinstance(item, Exception):
                raise item
            yield item

    async def push(self, name: Any, *, platform: Any, auth: Any) -> AsyncIterator[Progress]:
        self.pushed.append((name.canonical, platform, auth))
        for item in self.progress:
            if isinstance(item, Exception):
                raise item
            yield item

    async def import_(self, request: Any, body: AsyncIterator[bytes]) -> AsyncIterator[Progress]:
        self.imported.append((request, b"".join([chunk async for chunk in body])))
        for item in self.progress:
            if isinstance(item, Exception):
                raise item
            yield item

    async def load(
        self, chunks: AsyncIterator[bytes], *, platform: Any = None, quiet: bool = True
    ) -> AsyncIterator[Progress]:
        self.platforms.append(platform)
        self.quiet = quiet
        async for chunk in chunks:
            self.loaded += chunk
        for item in self.progress:
            if isinstance(item, Exception):
                raise item
            yield item

    async def save(self, names: Sequence[str], *, platform: Any = None) -> AsyncIterator[bytes]:
        self.platforms.append(platform)
        for name in names:
            await self.get(name)
        yield b"tar"
        yield b"end"

    async def remove(
        self, ref: str, *, force: bool = False, prune_parents: bool = True, platforms: Sequence[Any] = ()
    ) -> Sequence[tuple[str, str]]:
        self.platforms += platforms
        image = await self.get(ref)
        return [("Untagged", image.repo_tags[0]), ("Deleted", image.id)]

    async def tag(self, ref: str, repository: str, tag: str) -> None:
        self.all[f"{repository}:{tag or 'latest'}"] = await self.get(ref)

    async def share(self, ref: str, namespace: str) -> None:
        self.shared.append((ref, namespace))

    async def unshare(self, ref: str, namespace: str) -> None:
        self.shared.remove((ref, namespace))

    async def prune(self, filters: Filters) -> tuple[Sequence[tuple[str, str]], int]:
        return [], 0

    async def disk_usage(self) -> DiskUsage:
        images = tuple(
            ImageUsage(image=image, shared=0, containers=1, disk_size=image.size, disk_shared=0)
            for image in self.all.values()
        )
        return DiskUsage(layers_size=1234, images=images)


class FakeNetworks:
    def __init__(self) -> None:
        pool = IpamPool(subnet="172.17.0.0/16", gateway="172.17.0.1")
        self.all = {"bridge": Network(id=NETWORK, name="bridge", driver="bridge", pools=(pool,))}
        self.created: list[CreateNetwork] = []

    def list(self, filters: Filters) -> Sequence[Network]:
        return list(self.all.values())

    def get(self, ref: str) -> NetworkDetails:
        if ref not in self.all:
            raise NotFound(f"network {ref} not found")
        endpoint = Endpoint(network_id=NETWORK, network_name="bridge", ipv4_address="172.17.0.2", ipv4_prefix=16)
        return NetworkDetails(network=self.all[ref], containers={WEB: ("web", endpoint)})

    async def create(self, request: CreateNetwork) -> tuple[str, str]:
        self.created.append(request)
        return NETWORK, ""

    async def remove(self, ref: str) -> None:
        self.get(ref)

    async def connect(self, ref: str, container_ref: str, request: object) -> None:
        self.get(ref)

    async def disconnect(self, ref: str, container_ref: str) -> None:
        self.get(ref)

    async def prune(self, filters: Filters) -> Sequence[str]:
        return []


class FakeVolumes:
    def __init__(self) -> None:
        self.all = {"data": Volume(name="data", mountpoint="/v/data/_data", created_at=1_700_000_000 * SECOND + 5)}

    async def list(self, filters: Filters) -> tuple[Sequence[Volume], Sequence[str]]:
        return list(self.all.values()), []

    async def inspect(self, name: str) -> Volume:
        return self.get(name)

    def get(self, name: str) -> Volume:
        if name not in self.all:
            raise NotFound(f"get {name}: no such volume")
        return self.all[name]

    def users(self, name: str) -> Sequence[Container]:
        return []

    async def size(self, volume: Volume) -> int:
        return 4096

    async def create(self, name: str = "", *, driver: str = "local", options: Any = None, labels: Any = None) -> Volume:
        self.all[name] = Volume(name=name, driver=driver, options=options or {}, labels=labels or {})
        return self.all[name]

    async def remove(self, name: str, *, force: bool = False) -> None:
        self.get(name)

    async def prune(self, filters: Filters, *, every: bool = False) -> tuple[Sequence[str], int]:
        return (["data"], 0) if every else ([], 0)


class FakeVolumeCopies:
    """Remembers what came in; what goes out is fixed."""

    def __init__(self) -> None:
        self.imported: dict[str, bytes] = {}
        self.cloned: list[tuple[str, str, bool]] = []

    async def export(self, name: str) -> AsyncIterator[bytes]:
        if name != "data":
            raise NotFound(f"get {name}: no such volume")

        async def chunks() -> AsyncIterator[bytes]:
            yield b"tarball"

        return chunks()

    async def import_(self, name: str, chunks: AsyncIterator[bytes]) -> Volume:
        self.imported[name] = b"".join([chunk async for chunk in chunks])
        return Volume(name=name)

    async def clone(self, name: str, target: str = "", *, snapshot: bool = False) -> Volume:
        self.cloned.append((name, target, snapshot))
        return Volume(name=target or "made-up")


class FakeExplanation:
    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.asked: list[tuple[str, str]] = []

    async def explain(self, ref: str, port: str = "") -> list[Step]:
        self.asked.append((ref, port))
        return self.steps


class FakeSystem:
    facts = HostFacts(kernel="6.1", operating_system="Debian", hostname="host", cpus=2, memory=1 << 30)

    async def version(self) -> VersionFacts:
        return VersionFacts(version="0.1.0", containerd_version="1.6.20", containerd_revision="r", facts=self.facts)

    async def info(self) -> InfoFacts:
        return InfoFacts(
            id="id",
            name="host",
            version="0.1.0",
            containers=1,
            running=1,
            paused=0,
            stopped=0,
            images=1,
            driver="overlayfs",
            facts=self.facts,
            data_root="/var/lib/pier",
            cgroup_driver="cgroupfs",
            default_runtime="runc",
            runtimes={"runc": "runc"},
            system_time=1_700_000_000 * SECOND,
        )


class FakeEvents:
    def __init__(self) -> None:
        self.queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self.asked: tuple[int, int, Filters] | None = None
        self.subscribers = 0
        self.left = asyncio.Event()

    async def subscribe(
        self, *, since: int = 0, until: int = 0, filters: Filters | None = None
    ) -> AsyncIterator[Event]:
        self.asked = (since, until, filters or Filters())
        self.subscribers += 1
        try:
            while (event := await self.queue.get()) is not None:
                yield event
        finally:
            self.subscribers -= 1
            self.left.set()
