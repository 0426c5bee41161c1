"""`pier system df`: what takes space on the engine's disk, summed by kind or (-v) item by item."""

from pier.cli.container.listing import container_listing
from pier.cli.flags import STRING, Command, Flag, Values
from pier.cli.image.listing import image_listing, image_rows
from pier.cli.render.listing import Listing
from pier.cli.render.units import decimal_size
from pier.cli.volume import volume_listing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pier.cli.session import Session

    Kind = tuple[Listing, tuple[str, ...], list[Any]]

_ALIVE = ("running", "paused", "restarting")
_IMAGE_COLUMNS = ("Repository", "Tag", "ID", "CreatedSince", "Size", "SharedSize", "UniqueSize", "Containers")
_CONTAINER_COLUMNS = ("ID", "Image", "Command", "LocalVolumes", "Size", "RunningFor", "Status", "Names")
_VOLUME_COLUMNS = ("Name", "Links", "Size")
_CACHE_COLUMNS = ("ID", "CacheType", "Size", "CreatedSince", "LastUsedSince", "UsageCount", "Shared")
_DIGITS = 4


def disk_usage(session: "Session", values: Values, _: list[str]) -> int:
    """Print how much the images, containers, volumes and the build cache take."""
    usage = session.client.get("/system/df")
    template = values.text("format")
    if values.flag("verbose"):
        session.out(_templated(usage, template) if template else verbose_text(usage))  # docker ends with no line feed
        return 0
    listing = Listing("DiskUsage", _FIELDS, ("Type", "TotalCount", "Active", "Size", "Reclaimable"))
    session.out(listing.render(summary_rows(usage), template))
    return 0


def summary_rows(usage: "dict[str, Any]") -> "list[dict[str, str]]":
    """One row a kind: how many, how many in use, their size, and what of it nothing uses."""
    images, containers = usage.get("Images") or [], usage.get("Containers") or []
    volumes, caches = usage.get("Volumes") or [], usage.get("BuildCache") or []
    alive = [item for item in containers if item.get("State") in _ALIVE]
    mounted = [item for item in volumes if _usage(item, "RefCount") > 0]
    used = [item for item in images if item.get("Containers", 0) > 0]
    layers = usage.get("LayersSize") or 0
    kept = sum(item.get("Size", 0) - item["SharedSize"] for item in used if item.get("SharedSize", -1) >= 0)
    written = sum(item.get("SizeRw") or 0 for item in containers)
    held = sum(item.get("SizeRw") or 0 for item in alive)
    stored = sum(max(0, _usage(item, "Size")) for item in volumes)
    needed = sum(max(0, _usage(item, "Size")) for item in mounted)
    cached = sum(item.get("Size") or 0 for item in caches if not item.get("Shared"))
    busy = [item for item in caches if item.get("InUse")]
    locked = sum(item.get("Size") or 0 for item in busy if not item.get("Shared"))
    return [
        _row("Images", len(images), len(used), layers, _share(layers - kept, layers)),
        _row("Containers", len(containers), len(alive), written, _share(written - held, written)),
        _row("Local Volumes", len(volumes), len(mounted), stored, _share(stored - needed, stored)),
        _row("Build Cache", len(caches), len(busy), cached, decimal_size(cached - locked, _DIGITS)),
    ]


def _row(kind: str, total: int, active: int, size: int, reclaimable: str) -> dict[str, str]:
    return {
        "Type": kind,
        "TotalCount": str(total),
        "Active": str(active),
        "Size": decimal_size(size, _DIGITS),
        "Reclaimable": reclaimable,
    }


def _share(part: int, whole: int) -> str:
    text = decimal_size(part, _DIGITS)
    return f"{text} ({part * 100 // whole}%)" if whole > 0 else text


def _usage(volume: "dict[str, Any]", key: str) -> int:
    return int((volume.get("UsageData") or {}).get(key, -1))


_FIELDS = {
    key: (header, lambda row, key=key: row[key])
    for key, header in (
        ("Type", "TYPE"),
        ("TotalCount", "TOTAL"),
        ("Active", "ACTIVE"),
        ("Size", "SIZE"),
        ("Reclaimable", "RECLAIMABLE"),
    )
}


def _cache_listing() -> Listing:
    fields = {
        "ID": ("CACHE ID", lambda item: str(item["ID"])[:12]),
        "Parent": ("PARENT", lambda item: (item.get("Parents") or [""])[0]),
        "CacheType": ("CACHE TYPE", lambda item: item.get("Type", "")),
        "Description": ("DESCRIPTION", lambda item: item.get("Description", "")),
        "Size": ("SIZE", lambda item: decimal_size(item.get("Size") or 0, 3)),
        "CreatedSince": ("CREATED", lambda item: _ago(item.get("CreatedAt") or "")),
        "LastUsedSince": ("LAST USED", lambda item: _ago(item.get("LastUsedAt") or "")),
        "UsageCount": ("USAGE", lambda item: str(item.get("UsageCount") or 0)),
        "InUse": ("IN USE", lambda item: str(bool(item.get("InUse"))).lower()),
        "Shared": ("SHARED", lambda item: str(bool(item.get("Shared"))).lower()),
    }
    return Listing("BuildCache", fields, _CACHE_COLUMNS)


def _ago(time_text: str) -> str:
    if not time_text:
        return ""
    import time

    from pier.cli.render.times import parse_time
    from pier.cli.render.units import span

    return f"{span(time.time() - parse_time(time_text))} ago"


def _items(
    usage: "dict[str, Any]", *, truncate: bool = True
) -> "dict[str, tuple[Listing, tuple[str, ...], list[Any]]]":
    """Each kind's listing, columns and items. Sizes of containers are what they wrote, without their images."""
    containers = [{**item, "SizeRootFs": 0} for item in usage.get("Containers") or ()]
    images = image_rows(usage.get("Images") or (), digests=False)
    return {
        "Images": (image_listing(truncate=truncate), _IMAGE_COLUMNS, images),
        "Containers": (container_listing(truncate=truncate), _CONTAINER_COLUMNS, containers),
        "Volumes": (volume_listing(), _VOLUME_COLUMNS, usage.get("Volumes") or []),
        "BuildCache": (_cache_listing(), _CACHE_COLUMNS, usage.get("BuildCache") or []),
    }


def verbose_text(usage: "dict[str, Any]") -> str:
    """A table for each kind, below its heading."""
    tables = {kind: listing.table(items, columns) for kind, (listing, columns, items) in _items(usage).items()}
    cached = sum(item.get("Size") or 0 for item in usage.get("BuildCache") or () if not item.get("Shared"))
    return (
        f"Images space usage:\n\n{tables['Images']}"
        f"\nContainers space usage:\n\n{tables['Containers']}"
        f"\nLocal Volumes space usage:\n\n{tables['Volumes']}"
        f"\nBuild cache usage: {decimal_size(cached, _DIGITS)}\n\n{tables['BuildCache']}"
    )


def _templated(usage: "dict[str, Any]", template: str) -> str:
    """The items of every kind, in the words of their tables, as JSON or through a template."""
    from pier.cli.render.template import Record

    facts = {
        kind: [Record(listing.subject, listing.fields, item).as_json() for item in items]
        for kind, (listing, _, items) in _items(usage, truncate=False).items()
    }
    if template == "json":
        from pier.cli.render.json_text import go_json

        return go_json(facts)
    from pier.cli.render.listing import unescape
    from pier.cli.render.template import compile_template

    return compile_template(unescape(template)).render(facts)


DF = Command(
    "system df",
    "[OPTIONS]",
    "Show how much disk the engine uses",
    (
        Flag("format", "", STRING, "Show as table, json, or by a Go template"),
        Flag("verbose", "v", help="Show every image, container and volume"),
    ),
    disk_usage,
    most=0,
)
