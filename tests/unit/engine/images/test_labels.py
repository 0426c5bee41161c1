"""Labels for containerd's garbage collector."""

from pier.domain.image import Descriptor
from pier.engine.images.labels import config_labels, index_labels, manifest_labels


def _blob(digit: str) -> Descriptor:
    return Descriptor(media_type="", digest=f"sha256:{digit * 64}", size=1)


def test_manifest_points_to_config_and_layers() -> None:
    labels = manifest_labels(_blob("c"), [_blob("1"), _blob("2")])
    assert set(labels.values()) == {_blob(digit).digest for digit in "c12"}
    assert all(key.startswith("containerd.io/gc.ref.content.") for key in labels)


def test_index_labels_of_different_manifests_do_not_collide() -> None:
    assert len(index_labels([_blob("1")]) | index_labels([_blob("2")])) == 2


def test_config_points_to_the_top_snapshot() -> None:
    assert config_labels("overlayfs", "sha256:top") == {"containerd.io/gc.ref.snapshot.overlayfs": "sha256:top"}
    assert config_labels("overlayfs", "") == {}
