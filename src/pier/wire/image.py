"""Images: inspect, list, history, removal, prune."""

from msgspec import field

from pier.wire.container import ContainerConfig
from pier.wire.inspect import GraphDriver
from pier.wire.shape import UNSET, Omitted, Shape


class RootFS(Shape, kw_only=True):
    type: str
    layers: Omitted[list[str]] = UNSET


class Metadata(Shape, kw_only=True):
    last_tag_time: str


class DescriptorJson(Shape, kw_only=True, rename="camel"):
    media_type: str
    digest: str
    size: int
    annotations: Omitted[dict[str, str]] = UNSET
    platform: Omitted["PlatformShown"] = UNSET


class PlatformShown(Shape, kw_only=True, rename=None):
    architecture: str
    os: str
    os_version: Omitted[str] = field(default=UNSET, name="os.version")
    variant: Omitted[str] = UNSET


class ManifestSize(Shape, kw_only=True):
    total: int
    content: int


class UnpackedSize(Shape, kw_only=True):
    unpacked: int


class ManifestImage(Shape, kw_only=True):
    platform: PlatformShown
    containers: list[str]
    size: UnpackedSize


class AttestationData(Shape, kw_only=True):
    for_: str = field(name="For")


class ManifestSummary(Shape, kw_only=True):
    id: str = field(name="ID")
    descriptor: DescriptorJson
    available: bool
    size: ManifestSize
    kind: str
    image_data: Omitted[ManifestImage] = UNSET
    attestation_data: Omitted[AttestationData] = UNSET


class ImageInspect(Shape, kw_only=True):
    id: str
    repo_tags: list[str]
    repo_digests: list[str]
    parent: str
    comment: str
    created: str
    container_config: Omitted[ContainerConfig] = UNSET
    docker_version: str
    author: str
    config: ContainerConfig
    architecture: str
    variant: Omitted[str] = UNSET
    os: str
    os_version: Omitted[str] = UNSET
    size: int
    virtual_size: Omitted[int] = UNSET
    graph_driver: GraphDriver
    root_fs: RootFS = field(name="RootFS")
    metadata: Metadata
    manifests: Omitted[list[ManifestSummary]] = UNSET


class ImageSummary(Shape, kw_only=True):
    containers: int
    created: int
    id: str
    labels: dict[str, str] | None
    parent_id: str
    repo_digests: list[str] | None
    repo_tags: list[str] | None
    shared_size: int
    size: int
    virtual_size: Omitted[int] = UNSET
    manifests: Omitted[list[ManifestSummary]] = UNSET


class HistoryItem(Shape, kw_only=True):
    comment: str
    created: int
    created_by: str
    id: str
    size: int
    tags: list[str] | None


class ImageDeletion(Shape, kw_only=True):
    """Exactly one of the two."""

    untagged: Omitted[str] = UNSET
    deleted: Omitted[str] = UNSET


class ImagesPruneReply(Shape, kw_only=True):
    images_deleted: list[ImageDeletion] | None
    space_reclaimed: int


class PlatformJson(Shape, kw_only=True, rename=None):
    """A platform as queries carry it (OCI image-spec, "Image Index"); an empty `os` is linux."""

    os: str = ""
    architecture: str = ""
    variant: str = ""
    os_version: str = field(default="", name="os.version")
