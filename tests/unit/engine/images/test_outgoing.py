"""What a push sends."""

from dataclasses import replace

from fakes.containerd import FakeContainerd
from fakes.registry import FakeRegistry
from support.image_engine import ImageEngine
from support.images import Node, TestImage, docker_archive, oci_archive

from pier.domain.image import MEDIA_TYPE_OCI_INDEX, Descriptor
from pier.engine.images.outgoing import Packer, layer_names
from pier.oci.image import parse_manifest

ONE = TestImage([{"a": Node(b"lower")}, {"b": Node(b"upper")}, {"b": Node(b"upper")}])


def _packer(containerd: FakeContainerd) -> Packer:
    return Packer(containerd.content)


async def test_layers_are_named_by_diff_id_topmost_first_each_once(
    engine: ImageEngine, containerd: FakeContainerd
) -> None:
    await engine.load(oci_archive({"x:1": ONE}))
    image = await engine.images.get("x:1")
    shipment = await _packer(containerd).pack(image.manifest)
    assert shipment is not None
    assert [name for _, name in layer_names(shipment.parcels).values()] == [image.diff_ids[1], image.diff_ids[0]]
    assert shipment.target.digest == image.manifest.digest


async def test_only_plain_images_are_to_be_compressed(engine: ImageEngine, containerd: FakeContainerd) -> None:
    await engine.load(oci_archive({"x:1": ONE}))
    await engine.load(docker_archive({"y:1": TestImage([{"p": Node(b"plain")}])}))
    packer = _packer(containerd)
    assert not (await packer.parcel((await engine.images.get("x:1")).manifest)).is_plain
    assert (await packer.parcel((await engine.images.get("y:1")).manifest)).is_plain


async def test_index_without_its_manifests_is_no_shipment(containerd: FakeContainerd, registry: FakeRegistry) -> None:
    absent = Descriptor(media_type=MEDIA_TYPE_OCI_INDEX, digest="sha256:" + "0" * 64, size=1)
    assert await _packer(containerd).pack(absent) is None


async def test_manifest_with_compressed_layers_holds_the_plain_one(
    engine: ImageEngine, containerd: FakeContainerd
) -> None:
    await engine.load(docker_archive({"x:1": ONE}))
    plain = (await engine.images.get("x:1")).manifest
    packer = _packer(containerd)
    parcel = await packer.parcel(plain)
    lower, *_ = parcel.manifest.layers
    packed = replace(lower, media_type=parcel.layer_type, digest="sha256:" + "1" * 64, size=7)
    async with containerd.leases.hold("test"):
        made = await packer.packed(parcel, {lower.digest: packed})
        assert made.manifest.layers == (packed, *parcel.manifest.layers[1:])
        assert parse_manifest(await containerd.content.read(made.descriptor.digest)) == made.manifest
        assert made.descriptor.media_type == plain.media_type
        assert (await packer.parcel(made.descriptor)).descriptor.digest == plain.digest
