"""`pier search`."""

from pier.cli.errors import CliError
from pier.cli.filters import FILTER, encode_filters
from pier.cli.flags import INT, STRING, Command, Flag, Values
from pier.cli.image.credentials import registry_headers
from pier.cli.render.listing import Listing
from pier.client.json_codec import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pier.cli.session import Session
    from pier.client.query import Query

_WIDTH = 45


def search_listing(*, truncate: bool) -> Listing:
    """How the repositories that were found are listed."""

    def description(item: "Any") -> str:
        text = str(item.get("description") or "").replace("\n", " ").replace("\r", " ")
        return f"{text[: _WIDTH - 1]}…" if truncate and len(text) > _WIDTH else text

    fields = {
        "Name": ("NAME", lambda item: item["name"]),
        "Description": ("DESCRIPTION", description),
        "StarCount": ("STARS", lambda item: str(item.get("star_count") or 0)),
        "IsOfficial": ("OFFICIAL", lambda item: "[OK]" if item.get("is_official") else ""),
        "IsAutomated": ("AUTOMATED", lambda item: "[OK]" if item.get("is_automated") else ""),
    }
    return Listing("Search", fields, ("Name", "Description", "StarCount", "IsOfficial"))


def search(session: "Session", values: Values, arguments: "list[str]") -> int:
    """Print the repositories of a registry that a term finds, most stars first."""
    limit = values.number("limit")
    if not 0 <= limit <= 100:
        raise CliError(f"limit {limit} is outside the range of [1, 100]")
    term = arguments[0]
    first, slash, _ = term.partition("/")
    domain = first if slash and ("." in first or ":" in first or first == "localhost") else "docker.io"
    query: Query = {"term": term, "limit": str(limit or ""), "filters": encode_filters(values.items("filter"))}
    found = session.client.request("GET", "/images/search", query, headers=registry_headers(session, domain))
    rows = sorted(decode(found.read()), key=lambda item: -(item.get("star_count") or 0))
    session.out(search_listing(truncate=not values.flag("no-trunc")).render(rows, values.text("format")))
    return 0


SEARCH = Command(
    "search",
    "[OPTIONS] TERM",
    "Search for images in a registry",
    (
        FILTER,
        Flag("format", "", STRING, "Show as table, json, or by a Go template"),
        Flag("limit", "", INT, "Show at most so many (25 unless said)"),
        Flag("no-trunc", help="Do not shorten descriptions"),
    ),
    search,
    least=1,
    most=1,
)
