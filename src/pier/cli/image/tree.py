"""`pier image ls --tree`: each image with the platforms that its index lists."""

from pier.cli.errors import CliError
from pier.cli.render.table import format_table
from pier.cli.render.units import decimal_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from pier.cli.flags import Values

_HEADER = ("IMAGE", "ID", "DISK USAGE", "CONTENT SIZE", "USED")
_USED = "✔"
_CLASHING = ("quiet", "no-trunc", "digests")


def check_tree_flags(values: "Values") -> None:
    """Raise CliError for a flag that the tree has no use for."""
    for name in _CLASHING:
        if values.flag(name):
            raise CliError(f"--{name} is not supported with --tree")
    if values.text("format"):
        raise CliError("--format is not supported with --tree")


def tree_text(images: "Any") -> str:
    """Images by name, those without one last; below each the platforms, of which nothing may be here."""
    rows: list[Sequence[str]] = [_HEADER]
    for image in sorted(images, key=lambda item: (not _names(item), _names(item)[:1])):
        manifests = [item for item in image.get("Manifests") or () if item["Kind"] == "image"]
        rows += [_image_row(name, image, manifests) for name in _names(image) or ["<untagged>"]]
        branches = ["├─"] * (len(manifests) - 1) + ["└─"]
        rows += [_platform_row(manifest, branch) for manifest, branch in zip(manifests, branches, strict=False)]
    return format_table(rows)


def _names(image: "Any") -> "list[str]":
    return sorted(tag for tag in image.get("RepoTags") or () if not tag.startswith("<none>"))


def _image_row(name: str, image: "Any", manifests: "list[Any]") -> tuple[str, ...]:
    total = sum(item["Size"]["Total"] for item in manifests) or image.get("Size") or 0
    content = sum(item["Size"]["Content"] for item in manifests)
    used = (image.get("Containers") or 0) > 0 or any(_containers(item) for item in manifests)
    return name, _short(image["Id"]), decimal_size(total), decimal_size(content), _USED if used else ""


def _platform_row(manifest: "Any", branch: str) -> tuple[str, ...]:
    platform = manifest.get("ImageData", {}).get("Platform", {})
    parts = (platform.get("os"), platform.get("architecture"), platform.get("variant"))
    size = manifest["Size"]
    return (
        f"{branch} {'/'.join(filter(None, parts)) or 'unknown'}",
        _short(manifest["ID"]),
        decimal_size(size["Total"]),
        decimal_size(size["Content"]),
        _USED if _containers(manifest) else "",
    )


def _containers(manifest: "Any") -> "list[str]":
    return list(manifest.get("ImageData", {}).get("Containers") or ())


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]
