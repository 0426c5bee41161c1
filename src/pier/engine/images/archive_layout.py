"""What an image archive holds, by its own tables: docker's manifest.json, an OCI layout's index.json, or both.

Docker since 25 writes both for the same blobs; then the OCI manifests are taken, as they keep their digests, and the
names of both count.
"""

import json
from dataclasses import dataclass, replace

from pier.domain.errors import InvalidArgument
from pier.domain.image import Descriptor, Platform
from pier.domain.reference import parse
from pier.engine.images.archive_files import ArchiveFiles
from pier.engine.images.platforms import by_preference, fits
from pier.oci.image import parse_index, parse_manifest
from pier.oci.media_types import is_index

_NAME = "io.containerd.image.name"  # the full name, as containerd and docker write it
_REF_NAME = "org.opencontainers.image.ref.name"  # OCI image-spec, "Pre-Defined Annotation Keys": often only a tag
_MAX_DEPTH = 4


@dataclass(frozen=True, slots=True)
class ArchivedImage:
    """One image of an archive. `indexes` are the documents from the target down to the manifest, outermost first;
    without a manifest in the archive `manifest` is None and one has to be written. `names` are canonical.
    """

    config_path: str
    layer_paths: tuple[str, ...]
    manifest: Descriptor | None = None
    indexes: tuple[Descriptor, ...] = ()
    names: tuple[str, ...] = ()


def blob_path(digest: str) -> str:
    """Where an OCI layout keeps a blob (OCI image-spec, "Image Layout")."""
    return f"blobs/{digest.replace(':', '/', 1)}"


async def read_layout(files: ArchiveFiles, platform: Platform) -> list[ArchivedImage]:
    """Every image for this platform. Raises InvalidArgument where there is none or a table is damaged."""
    images: dict[str, ArchivedImage] = {}
    if "index.json" in files:
        for image in await _oci_images(files, platform):
            _merge(images, image)
    if "manifest.json" in files:
        for image in await _docker_images(files):
            _merge(images, image)
    if not images:
        raise InvalidArgument("no image in the archive: it has neither a manifest.json nor an OCI layout's index.json")
    return list(images.values())


def _merge(images: dict[str, ArchivedImage], image: ArchivedImage) -> None:
    """Two entries with the same config are one image with the names of both; the first one's manifest stays."""
    known = images.get(image.config_path, image)
    images[image.config_path] = replace(known, names=tuple(dict.fromkeys(known.names + image.names)))


async def _docker_images(files: ArchiveFiles) -> list[ArchivedImage]:
    entries = _json(await files.read("manifest.json"), "manifest.json")
    if not isinstance(entries, list):
        raise InvalidArgument("manifest.json in the archive is not a list")
    return [_docker_image(entry) for entry in entries]


def _docker_image(entry: object) -> ArchivedImage:
    if not isinstance(entry, dict):
        raise InvalidArgument("an entry of manifest.json in the archive is not an object")
    config, layers, tags = entry.get("Config"), entry.get("Layers") or [], entry.get("RepoTags") or []
    if not isinstance(config, str) or not _are_strings(layers) or not _are_strings(tags):
        raise InvalidArgument("an entry of manifest.json in the archive lacks Config, Layers or RepoTags")
    return ArchivedImage(config, tuple(layers), names=tuple(parse(tag).canonical for tag in tags))


async def _oci_images(files: ArchiveFiles, platform: Platform) -> list[ArchivedImage]:
    descriptors = parse_index(await files.read("index.json")).manifests
    ours = [descriptor for descriptor in descriptors if fits(descriptor, platform)]
    found, seen = [], set[str]()
    for descriptor in ours or descriptors:
        image = await _oci_image(files, descriptor, platform, seen)
        if image is not None:
            found.append(replace(image, names=_names_of(descriptor)))
    return found


async def _oci_image(
    files: ArchiveFiles,
    descriptor: Descriptor,
    platform: Platform,
    seen: set[str],
    indexes: tuple[Descriptor, ...] = (),
) -> ArchivedImage | None:
    """Follows indexes down to a manifest of which the archive has the content; None where it has none, as with the
    indexes in `seen`.
    """
    if blob_path(descriptor.digest) not in files or descriptor.digest in seen:
        return None
    document = await files.read(blob_path(descriptor.digest))
    if not is_index(descriptor.media_type):
        manifest = parse_manifest(document)
        return ArchivedImage(
            blob_path(manifest.config.digest),
            tuple(blob_path(layer.digest) for layer in manifest.layers),
            manifest=descriptor,
            indexes=indexes,
        )
    if len(indexes) >= _MAX_DEPTH:
        raise InvalidArgument("the indexes in the archive are nested too deeply")
    for child in by_preference(parse_index(document).manifests, platform):
        image = await _oci_image(files, child, platform, seen, (*indexes, descriptor))
        if image is not None:
            return image
    seen.add(descriptor.digest)
    return None


def _names_of(descriptor: Descriptor) -> tuple[str, ...]:
    """A ref.name that is only a tag (`latest`) names no repository, so it is no name."""
    if name := descriptor.annotations.get(_NAME):
        return (parse(name).canonical,)
    name = descriptor.annotations.get(_REF_NAME, "")
    return (parse(name).canonical,) if ":" in name or "/" in name else ()


def _are_strings(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _json(data: bytes, path: str) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(f"{path} in the archive is not JSON: {error}") from error
