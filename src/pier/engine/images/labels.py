"""Labels that tell containerd's garbage collector what belongs to what.

containerd, "Garbage Collection": `containerd.io/gc.ref.content.<any>` points from a blob to a blob,
`containerd.io/gc.ref.snapshot.<snapshotter>` from a blob to a snapshot.

Where a blob has been seen: `containerd.io/distribution.source.<host>` lists repositories, as other clients of
containerd write and read it.

And what became of a plain layer that was pushed: `pier/gzip` on the layer's blob tells digest and size of its
compressed form, `pier/gzip.source.<host>` where that has been seen. The manifest of the compressed layers is kept, not
these; it points to the manifest that it was made from.

Which image another was made from on this host: `pier/parent` on its config holds the id. It goes with the image.
"""

from collections.abc import Mapping, Sequence

from pier.domain.ids import short
from pier.domain.image import Descriptor

_CONTENT = "containerd.io/gc.ref.content"
_SOURCE = "containerd.io/distribution.source"
_PLAIN = f"{_CONTENT}.plain"
_PACKED = "pier/gzip"
_PACKED_SOURCE = f"{_PACKED}.source"
_PARENT = "pier/parent"
_SOURCES = 8  # of one host: a label may not be longer than 4096 bytes


def index_labels(manifests: Sequence[Descriptor]) -> dict[str, str]:
    """Of an index: the manifests that are kept with it. Keyed by digest, so that one more replaces no other."""
    return {f"{_CONTENT}.m.{short(manifest.digest)}": manifest.digest for manifest in manifests}


def manifest_labels(config: Descriptor, layers: Sequence[Descriptor]) -> dict[str, str]:
    return {f"{_CONTENT}.config": config.digest} | {
        f"{_CONTENT}.l.{number}": layer.digest for number, layer in enumerate(layers)
    }


def config_labels(snapshotter: str, chain_id: str) -> dict[str, str]:
    """Of a config: the snapshot of its topmost layer, which holds those below."""
    return {f"containerd.io/gc.ref.snapshot.{snapshotter}": chain_id} if chain_id else {}


def parent_labels(image_id: str) -> dict[str, str]:
    """Of a config: the id of the image that its own was made from."""
    return {_PARENT: image_id}


def parent_of(labels: Mapping[str, str]) -> str:
    """The id of the image that a config's own was made from; "" where that is not known."""
    return labels.get(_PARENT, "")


def packed_manifest_labels(config: Descriptor, plain: Descriptor) -> dict[str, str]:
    """Of a manifest whose layers are here only as those of the plain one."""
    return {f"{_CONTENT}.config": config.digest, _PLAIN: plain.digest}


def plain_manifest_of(labels: Mapping[str, str]) -> str:
    """The digest of the manifest that one was made from; "" for one that was not."""
    return labels.get(_PLAIN, "")


def packed_labels(digest: str, size: int) -> dict[str, str]:
    """Of a plain layer: what it is compressed."""
    return {_PACKED: f"{digest} {size}"}


def packed_of(labels: Mapping[str, str]) -> Descriptor | None:
    """The compressed form of a plain layer, without a media type; None where it never had one."""
    digest, _, size = labels.get(_PACKED, "").partition(" ")
    return Descriptor(media_type="", digest=digest, size=int(size)) if size.isdecimal() else None


def init_layer_labels(snapshotter: str, key: str) -> dict[str, str]:
    """Of a config: the snapshot that the image's containers stand on, besides its own."""
    return {f"containerd.io/gc.ref.snapshot.{snapshotter}/init": key}


def source_labels(repository: str, known: Mapping[str, str], *, packed: bool = False) -> dict[str, str]:
    """Adds a repository (with its domain) to those where the blob is known to be; empty where it is among them.

    `packed`: those where the blob's compressed form is.
    """
    domain, _, path = repository.partition("/")
    paths = sources_of(domain, known, packed=packed)
    return {} if path in paths else {_source(domain, packed): ",".join([*paths, path][-_SOURCES:])}


def sources_of(domain: str, labels: Mapping[str, str], *, packed: bool = False) -> list[str]:
    """The paths of repositories on this registry that have the blob, the last one seen last."""
    return [path for path in labels.get(_source(domain, packed), "").split(",") if path]


def _source(domain: str, packed: bool) -> str:
    return f"{_PACKED_SOURCE if packed else _SOURCE}.{domain}"
