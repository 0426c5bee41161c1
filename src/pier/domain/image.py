"""Images as the engine sees them: an id, names, layers and the configuration they bring."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pier.domain.container import Config

MEDIA_TYPE_OCI_INDEX = "application/vnd.oci.image.index.v1+json"
MEDIA_TYPE_OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
MEDIA_TYPE_OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
MEDIA_TYPE_OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
MEDIA_TYPE_OCI_LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
MEDIA_TYPE_OCI_LAYER_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"
MEDIA_TYPE_DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
MEDIA_TYPE_DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
MEDIA_TYPE_DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
MEDIA_TYPE_DOCKER_LAYER_GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip"

# The kernel's names of machines (uname -m) by Go's, which images use (OCI image-spec, "Image Configuration").
GO_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386", "ppc64le": "ppc64le"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    os: str = "linux"
    architecture: str = "amd64"
    variant: str = ""
    os_version: str = ""


# Of Go, where images have their names from (`go tool dist list`), and how else people write them (uname -m, Debian).
_SYSTEMS = ("linux", "windows", "darwin", "freebsd", "netbsd", "openbsd", "solaris", "aix", "plan9", "android")
_ARCHITECTURES = (
    *("386", "amd64", "arm", "arm64", "loong64", "mips", "mipsle", "mips64", "mips64le"),
    *("ppc64", "ppc64le", "riscv64", "s390x", "wasm"),
)
_OTHER_SYSTEMS = {"macos": "darwin"}
_OTHER_NAMES = {
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "i386": ("386", ""),
    "i686": ("386", ""),
    "aarch64": ("arm64", ""),
    "armhf": ("arm", "v7"),
    "armv7l": ("arm", "v7"),
    "armel": ("arm", "v6"),
}


def parse_platform(parts: Sequence[str]) -> Platform:
    """From `os`, `architecture`, `os/architecture` or `os/architecture/variant`, in lower case.

    Raises ValueError for a single word that is neither an operating system nor an architecture.
    """
    system = _OTHER_SYSTEMS.get(parts[0], parts[0])
    if len(parts) > 1:
        architecture, variant = _OTHER_NAMES.get(parts[1], (parts[1], ""))
        return Platform(os=system, architecture=architecture, variant=parts[2] if len(parts) > 2 else variant)
    if system in _SYSTEMS:
        return Platform(os=system)
    architecture, variant = _OTHER_NAMES.get(parts[0], (parts[0], ""))
    if architecture not in _ARCHITECTURES:
        raise ValueError(parts[0])
    return Platform(architecture=architecture, variant=variant)


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """A blob: OCI image-spec, "Content Descriptors"."""

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    platform: Platform | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRecord:
    """A name in containerd's image store (namespace-wide unique) and the manifest or index it points to."""

    name: str
    target: Descriptor
    labels: Mapping[str, str] = field(default_factory=dict)
    created_at: int = 0
    updated_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    created_at: int = 0
    created_by: str = ""
    comment: str = ""
    author: str = ""
    empty_layer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One image for this host's platform. `id` is the digest of its config, as in dockerd's classic store.

    `repo_tags` and `repo_digests` are in familiar form (`debian:12`, `debian@sha256:…`).
    `chain_id` names the snapshot of its topmost layer (OCI image-spec, "Layer ChainID"); empty without layers.
    """

    id: str
    manifest: Descriptor
    config_descriptor: Descriptor
    layers: tuple[Descriptor, ...]
    diff_ids: tuple[str, ...]
    chain_id: str
    config: Config
    platform: Platform
    created_at: int = 0
    author: str = ""
    comment: str = ""
    docker_version: str = ""
    history: tuple[HistoryEntry, ...] = ()
    repo_tags: tuple[str, ...] = ()
    repo_digests: tuple[str, ...] = ()
    size: int = 0
    parent: str = ""
    last_tagged_at: int = 0
