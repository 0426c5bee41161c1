"""`pier image ls`, `pier images`."""

import time

from pier.cli.filters import FILTER, encode_filters
from pier.cli.flags import STRING, Command, Flag, Values
from pier.cli.render.listing import Listing
from pier.cli.render.units import decimal_size, span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pier.cli.session import Session
    from pier.client.query import Query

NONE = "<none>"


def image_rows(images: "Any", *, digests: bool) -> "list[dict[str, Any]]":
    """One row a tag (and a digest, when these are shown): `repository`, `tag` and `digest` beside the API's keys."""
    rows: list[dict[str, Any]] = []
    for image in images:
        tags = [tag for tag in image.get("RepoTags") or () if not tag.startswith(NONE)]
        known = [text.rpartition("@") for text in image.get("RepoDigests") or () if not text.startswith(NONE)]
        repositories: dict[str, list[str]] = {}
        for name in tags:
            repository, _, tag = name.rpartition(":")
            repositories.setdefault(repository, []).append(tag)
        for repository, _, _ in known:
            repositories.setdefault(repository, [])
        if not repositories:
            repositories[NONE] = []
        for repository, names in repositories.items():
            found = [digest for name, _, digest in known if name == repository] or [NONE]
            for tag in names or [NONE]:
                rows.extend(
                    {**image, "repository": repository, "tag": tag, "digest": digest}
                    for digest in (found if digests else found[:1])
                )
    return rows


def image_listing(*, truncate: bool) -> Listing:
    """How images are listed."""

    def identity(item: "Any") -> str:
        return str(item["Id"]).removeprefix("sha256:")[:12] if truncate else str(item["Id"])

    fields = {
        "ID": ("IMAGE ID", identity),
        "Repository": ("REPOSITORY", lambda item: item["repository"]),
        "Tag": ("TAG", lambda item: item["tag"]),
        "Digest": ("DIGEST", lambda item: item["digest"]),
        "CreatedSince": ("CREATED", _created_since),
        "CreatedAt": ("CREATED AT", _created_at),
        "Size": ("SIZE", lambda item: decimal_size(item.get("Size") or 0)),
        "Containers": ("CONTAINERS", lambda item: _counted(item.get("Containers", -1))),
        "VirtualSize": ("SIZE", lambda item: decimal_size(item.get("Size") or 0, 4)),
        "SharedSize": ("SHARED SIZE", lambda item: _sized(item.get("SharedSize", -1))),
        "UniqueSize": ("UNIQUE SIZE", _unique_size),
    }
    return Listing("Image", fields, ("Repository", "Tag", "ID", "CreatedSince", "Size"), _RAW)


_RAW = (
    "repository: {{.Repository}}\ntag: {{.Tag}}\nimage_id: {{.ID}}\ncreated_at: {{.CreatedAt}}\n"
    "virtual_size: {{.Size}}\n"
)
_DIGEST_COLUMNS = ("Repository", "Tag", "Digest", "ID", "CreatedSince", "Size")


def _created_since(item: "Any") -> str:
    created = item.get("Created") or 0
    return f"{span(time.time() - created)} ago" if created > 0 else "N/A"


def _created_at(item: "Any") -> str:
    from pier.cli.render.times import go_time

    return go_time(item.get("Created") or 0)


def _counted(count: int) -> str:
    return "N/A" if count < 0 else str(count)


def _sized(size: int) -> str:
    return "N/A" if size < 0 else decimal_size(size, 4)


def _unique_size(item: "Any") -> str:
    shared = item.get("SharedSize", -1)
    return "N/A" if shared < 0 else decimal_size((item.get("Size") or 0) - shared, 4)


def list_images(session: "Session", values: Values, arguments: list[str]) -> int:
    """Print the images, one line a tag."""
    if values.flag("tree"):
        return _show_tree(session, values, arguments)
    template = values.text("format")
    if not template and not values.flag("quiet"):
        template = session.configured_format("imagesFormat")
    digests = values.flag("digests") or ".Digest" in template
    extra = {"reference": arguments[0]} if arguments else {}
    query: Query = {"all": values.flag("all"), "filters": encode_filters(values.items("filter"), **extra)}
    images = session.client.get("/images/json", query)
    images.sort(key=lambda image: -(image.get("Created") or 0))
    listing = image_listing(truncate=not values.flag("no-trunc"))
    if digests:
        listing.default = _DIGEST_COLUMNS
    rows = image_rows(images, digests=digests)
    session.out(listing.render(rows, template, quiet_field="ID" if values.flag("quiet") else ""))
    return 0


def _show_tree(session: "Session", values: Values, arguments: list[str]) -> int:
    from pier.cli.image.tree import check_tree_flags, tree_text

    check_tree_flags(values)
    extra = {"reference": arguments[0]} if arguments else {}
    filters = encode_filters(values.items("filter"), **extra)
    query: Query = {"all": values.flag("all"), "filters": filters, "manifests": True}
    session.out(tree_text(session.client.get("/images/json", query)))
    return 0


LS = Command(
    "image ls",
    "[OPTIONS] [REPOSITORY[:TAG]]",
    "List images",
    (
        Flag("all", "a", help="Show intermediate images too"),
        Flag("digests", help="Show digests"),
        FILTER,
        Flag("format", "", STRING, "Show as table, json, raw, or by a Go template"),
        Flag("no-trunc", help="Do not shorten ids"),
        Flag("quiet", "q", help="Show ids only"),
        Flag("tree", help="Show the platforms of each image"),
    ),
    list_images,
    most=1,
    completer="images",
)
