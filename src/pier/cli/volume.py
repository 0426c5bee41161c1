"""`pier volume ls`, `create` and `rm`."""

from pier.cli.container.checks import label
from pier.cli.errors import CliError
from pier.cli.filters import FILTER, encode_filters
from pier.cli.flags import LIST, STRING, Command, Flag, Values
from pier.cli.parallel import for_each
from pier.cli.render.listing import Listing
from pier.cli.render.units import decimal_size
from pier.client.query import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pier.cli.session import Session

_NOT_KNOWN = "N/A"


def _measured(volume: "Any", key: str, text: "Callable[[int], str]") -> str:
    """A figure of disk usage; a list of volumes has none."""
    value = (volume.get("UsageData") or {}).get(key, -1)
    return text(value) if value >= 0 else _NOT_KNOWN


_FIELDS = {
    "Name": ("VOLUME NAME", lambda item: item["Name"]),
    "Driver": ("DRIVER", lambda item: item["Driver"]),
    "Scope": ("SCOPE", lambda item: item.get("Scope", "local")),
    "Mountpoint": ("MOUNTPOINT", lambda item: item.get("Mountpoint", "")),
    "Labels": ("LABELS", lambda item: ",".join(f"{k}={v}" for k, v in sorted((item.get("Labels") or {}).items()))),
    "Label": ("LABEL", lambda item: lambda name: (item.get("Labels") or {}).get(name, "")),
    "Links": ("LINKS", lambda item: _measured(item, "RefCount", str)),
    "Size": ("SIZE", lambda item: _measured(item, "Size", lambda size: decimal_size(size, 4))),
    "Group": ("GROUP", lambda _: _NOT_KNOWN),
    "Status": ("STATUS", lambda _: _NOT_KNOWN),
    "Availability": ("AVAILABILITY", lambda _: _NOT_KNOWN),
}
_RAW = "name: {{.Name}}\ndriver: {{.Driver}}\n"


def volume_listing() -> Listing:
    """How volumes are listed."""
    return Listing("Volume", _FIELDS, ("Driver", "Name"), _RAW, hidden="Label")


def list_volumes(session: "Session", values: Values, _: list[str]) -> int:
    """Print the volumes, by name."""
    answer = session.client.get("/volumes", {"filters": encode_filters(values.items("filter"))})
    items = sorted(answer.get("Volumes") or (), key=lambda item: str(item["Name"]))
    template = values.text("format")
    if not template and not values.flag("quiet"):
        template = session.configured_format("volumesFormat")
    session.out(volume_listing().render(items, template, quiet_field="Name" if values.flag("quiet") else ""))
    return 0


def create(session: "Session", values: Values, names: list[str]) -> int:
    """Create a volume and print its name; the engine makes up a name when none is given."""
    if names and values.given("name"):
        raise CliError("conflicting options: cannot specify a volume-name through both --name and as a positional arg")
    body: dict[str, Any] = {"Driver": values.text("driver")}
    options = dict(label(item) for item in values.items("opt"))
    labels = dict(label(item) for item in values.items("label"))
    if options:
        body["DriverOpts"] = options
    if labels:
        body["Labels"] = labels
    name = names[0] if names else values.text("name")
    if name:
        body["Name"] = name
    session.out(f"{session.client.post('/volumes/create', None, body)['Name']}\n")
    return 0


def remove(session: "Session", values: Values, names: list[str]) -> int:
    """Remove volumes."""
    force = values.flag("force")

    def act(name: str) -> str:
        session.client.delete(f"/volumes/{quote_path(name)}", {"force": force})
        return name

    return for_each(session, names, act)


LS = Command(
    "volume ls",
    "[OPTIONS]",
    "List volumes",
    (
        FILTER,
        Flag("format", "", STRING, "Show as table, json, raw, or by a Go template"),
        Flag("quiet", "q", help="Show names only"),
    ),
    list_volumes,
    most=0,
)
CREATE = Command(
    "volume create",
    "[OPTIONS] [VOLUME]",
    "Create a volume",
    (
        Flag("driver", "d", STRING, "Driver of the volume", default="local"),
        Flag("label", "", LIST, "Set a label", check=label),
        Flag("name", "", STRING, "Old way to give the name"),
        Flag("opt", "o", LIST, "Option of the driver", metavar="map", check=label),
    ),
    create,
    most=1,
)
RM = Command(
    "volume rm",
    "[OPTIONS] VOLUME [VOLUME...]",
    "Remove volumes",
    (Flag("force", "f", help="Do not fail for volumes that are not there"),),
    remove,
    least=1,
    completer="volumes",
)
