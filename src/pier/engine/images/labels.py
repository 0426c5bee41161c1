"""Labels that tell containerd's garbage collector what belongs to what.

containerd, "Garbage Collection": `containerd.io/gc.ref.content.<any>` points from a blob to a blob,
`containerd.io/gc.ref.snapshot.<snapshotter>` from a blob to a snapshot.

And where a blob has been seen: `containerd.io/distribution.source.<host>` lists repositories, as other clients of
containerd write and read it.
"""

from collections.abc import Mapping, Sequence

from pier.domain.ids import short
from pier.domain.image import Descriptor

_CONTENT = "containerd.io/gc.ref.content"
_SOURCE = "containerd.io/distribution.source"
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


def source_labels(repository: str, known: Mapping[str, str]) -> dict[str, str]:
    """Adds a repository (with its domain) to those where the blob is known to be; empty where it is among them."""
    domain, _, path = repository.partition("/")
    paths = sources_of(domain, known)
    return {} if path in paths else {f"{_SOURCE}.{domain}": ",".join([*paths, path][-_SOURCES:])}


def sources_of(domain: str, labels: Mapping[str, str]) -> list[str]:
    """The paths of repositories on this registry that have the blob, the last one seen last."""
    return [path for path in labels.get(f"{_SOURCE}.{domain}", "").split(",") if path]
