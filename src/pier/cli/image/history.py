"""`pier image history`, `pier history`."""

import time

from pier.cli.flags import STRING, Command, Flag, Values
from pier.cli.inspect import encode_platform
from pier.cli.render.listing import Listing
from pier.cli.render.units import decimal_size, span
from pier.client.query import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pier.cli.session import Session
    from pier.client.query import Query

_CREATED_BY_WIDTH = 45


def history_listing(*, truncate: bool, human: bool) -> Listing:
    """How the steps of an image are listed; `human` False shows exact times and sizes."""

    def identity(item: "Any") -> str:
        return str(item["Id"]).removeprefix("sha256:")[:12] if truncate else str(item["Id"])

    def created_by(item: "Any") -> str:
        text = str(item.get("CreatedBy") or "").replace("\t", " ")
        if truncate and len(text) > _CREATED_BY_WIDTH:
            return text[: _CREATED_BY_WIDTH - 1] + "…"
        return text

    def created_since(item: "Any") -> str:
        if not human:
            return _created_at(item)
        return span(time.time() - item["Created"]) + " ago" if item["Created"] > 0 else "N/A"

    def size(item: "Any") -> str:
        return decimal_size(item.get("Size") or 0) if human else str(item.get("Size") or 0)

    fields = {
        "ID": ("IMAGE", identity),
        "CreatedSince": ("CREATED" if human else "CREATED AT", created_since),
        "CreatedAt": ("CREATED AT", _created_at),
        "CreatedBy": ("CREATED BY", created_by),
        "Size": ("SIZE", size),
        "Comment": ("COMMENT", lambda item: item.get("Comment") or ""),
    }
    return Listing("History", fields, ("ID", "CreatedSince", "CreatedBy", "Size", "Comment"))


def _created_at(item: "Any") -> str:
    from pier.cli.render.times import rfc3339

    return rfc3339(item["Created"]) if item["Created"] > 0 else ""


def history(session: "Session", values: Values, names: list[str]) -> int:
    """Print the steps that made an image, newest first."""
    query: Query = {"platform": encode_platform(values.text("platform"))}
    items = session.client.get(f"/images/{quote_path(names[0])}/history", query)
    listing = history_listing(truncate=not values.flag("no-trunc"), human=values.flag("human"))
    quiet = "ID" if values.flag("quiet") else ""
    session.out(listing.render(items, values.text("format"), quiet_field=quiet))
    return 0


HISTORY = Command(
    "image history",
    "[OPTIONS] IMAGE",
    "Show how an image was made",
    (
        Flag("format", "", STRING, "Show as table, json, or by a Go template"),
        Flag("human", "H", help="Show sizes and times in round words", default=True),
        Flag("no-trunc", help="Do not shorten ids and commands"),
        Flag("platform", "", STRING, "Show the image for this platform (os/arch[/variant])"),
        Flag("quiet", "q", help="Show ids only"),
    ),
    history,
    least=1,
    most=1,
    completer="images",
)
