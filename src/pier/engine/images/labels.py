"""Labels that tell containerd's garbage collector what belongs to what.

containerd, "Garbage Collection": `containerd.io/gc.ref.content.<any>` points from a blob to a blob,
`containerd.io/gc.ref.snapshot.<snapshotter>` from a blob to a snapshot.
"""

from collections.abc import Sequence

from pier.domain.ids import short
from pier.domain.image import Descriptor

_CONTENT = "containerd.io/gc.ref.content"


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
