"""--filter values, read and sent as docker does: `{"label":{"a=b":true}}`."""

from pier.cli.flags import LIST, Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def check_filter(text: str) -> None:
    """Raise ValueError unless the text is name=value."""
    if "=" not in text and text:
        raise ValueError("bad format of filter (expected name=value)")


FILTER = Flag("filter", "f", LIST, "Show only what matches (name=value)", metavar="filter", check=check_filter)
PRUNE_FILTER = Flag("filter", "", LIST, "Remove only what matches (name=value)", metavar="filter", check=check_filter)


def encode_filters(items: "Iterable[str]", **extra: str) -> str:
    """The `filters` query parameter; "" when there is nothing to filter."""
    filters: dict[str, dict[str, bool]] = {name: {value: True} for name, value in extra.items()}
    for item in items:
        name, equals, value = item.partition("=")
        if equals:
            filters.setdefault(name.strip().lower(), {})[value.strip()] = True
    if not filters:
        return ""
    from pier.client.json_codec import encode

    return encode({name: dict(sorted(filters[name].items())) for name in sorted(filters)})
