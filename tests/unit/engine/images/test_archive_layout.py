"""The tables of an archive."""

import pytest
from fakes.containerd import FakeContainerd
from support.image_engine import pieces
from support.images import Node, TestImage, archive, digest_of, encode, oci_image

from pier.archive.images import Archives
from pier.domain.errors import InvalidArgument
from pier.domain.image import Platform
from pier.engine.images.archive_files import ArchiveFiles
from pier.engine.images.archive_layout import ArchivedImage, read_layout

IMAGE = TestImage([{"a": Node(b"1")}], architecture="amd64")
DOCUMENTS = oci_image(IMAGE)
BLOBS = {f"blobs/{digest.replace(':', '/')}": blob for digest, blob in DOCUMENTS.blobs.items()}
CONFIG = f"blobs/{IMAGE.id.replace(':', '/')}"


async def _read(containerd: FakeContainerd, files: dict[str, bytes]) -> list[ArchivedImage]:
    taken = ArchiveFiles(containerd.content)
    await taken.take(Archives().read(pieces(archive(files))))
    return await read_layout(taken, Platform(architecture="amd64"))


def _index(*entries: dict[str, object]) -> bytes:
    return encode({"schemaVersion": 2, "manifests": list(entries)})


async def test_both_tables_are_one_image_with_the_names_of_both(containerd: FakeContainerd) -> None:
    annotated = DOCUMENTS.descriptor | {"annotations": {"io.containerd.image.name": "docker.io/library/x:1"}}
    entry = {"Config": CONFIG, "RepoTags": ["x:1", "y:2"], "Layers": ["not/used"]}
    [image] = await _read(containerd, {**BLOBS, "index.json": _index(annotated), "manifest.json": encode([entry])})
    assert image.names == ("docker.io/library/x:1", "docker.io/library/y:2")
    assert image.manifest is not None
    assert image.manifest.digest == digest_of(DOCUMENTS.manifest)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("latest", ()), ("", ()), ("x:1", ("docker.io/library/x:1",)), ("example.com/a", ("example.com/a:latest",))],
)
async def test_ref_name_that_is_only_a_tag_is_no_name(
    containerd: FakeContainerd, name: str, expected: tuple[str, ...]
) -> None:
    annotated = DOCUMENTS.descriptor | {"annotations": {"org.opencontainers.image.ref.name": name}}
    [image] = await _read(containerd, {**BLOBS, "index.json": _index(annotated)})
    assert image.names == expected


async def test_manifest_whose_content_is_not_in_the_archive_is_passed_over(containerd: FakeContainerd) -> None:
    foreign = DOCUMENTS.descriptor | {"digest": "sha256:" + "0" * 64}
    assert len(await _read(containerd, {**BLOBS, "index.json": _index(foreign, DOCUMENTS.descriptor)})) == 1
    with pytest.raises(InvalidArgument, match="no image in the archive"):
        await _read(containerd, {**BLOBS, "index.json": _index(foreign)})


async def test_endless_indexes_are_refused(containerd: FakeContainerd) -> None:
    document, files = DOCUMENTS.manifest, dict(BLOBS)
    media_type = "application/vnd.oci.image.manifest.v1+json"
    for _ in range(8):
        document = _index({"mediaType": media_type, "digest": digest_of(document), "size": len(document)})
        media_type = "application/vnd.oci.image.index.v1+json"
        files[f"blobs/{digest_of(document).replace(':', '/')}"] = document
    with pytest.raises(InvalidArgument, match="nested too deeply"):
        await _read(containerd, {**files, "index.json": document})
