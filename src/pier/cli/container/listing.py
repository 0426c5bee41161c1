"""`pier container ls`, `pier ps`."""

import time

from pier.cli.filters import FILTER, encode_filters
from pier.cli.flags import INT, STRING, Command, Flag, Values
from pier.cli.render.listing import Listing
from pier.cli.render.units import decimal_size, span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pier.cli.session import Session

_COMMAND_WIDTH = 20
_NAME_WIDTH = 15
_SHORT_ID = 12


def short_id(container_id: str) -> str:
    """The first twelve digits of an id, without its algorithm."""
    return container_id.removeprefix("sha256:")[:_SHORT_ID]


def ellipsis(text: str, width: int) -> str:
    """At most `width` characters, the last a … when something was cut."""
    return text if len(text) <= width else text[: width - 1] + "…"


def container_listing(*, truncate: bool = True) -> Listing:
    """How containers are listed; `truncate` False shows ids, commands and names in full."""

    def identity(item: "Any") -> str:
        return short_id(item["Id"]) if truncate else str(item["Id"])

    def image(item: "Any") -> str:
        name = item.get("Image") or ""
        if not name:
            return "<no image>"
        if truncate and item.get("ImageID", "").removeprefix("sha256:") == name.removeprefix("sha256:"):
            return short_id(name)
        return str(name).partition("@")[0] if truncate and "@" in str(name) and ":" in name.partition("@")[0] else name

    def command(item: "Any") -> str:
        text = str(item.get("Command") or "")
        return _quoted(ellipsis(text, _COMMAND_WIDTH) if truncate else text)

    def mounts(item: "Any") -> str:
        names = [mount.get("Name") or mount.get("Source") or "" for mount in item.get("Mounts") or ()]
        return ",".join(ellipsis(name, _NAME_WIDTH) if truncate else name for name in names)

    fields = {
        "ID": ("CONTAINER ID", identity),
        "Image": ("IMAGE", image),
        "Command": ("COMMAND", command),
        "CreatedAt": ("CREATED AT", _created_at),
        "RunningFor": ("CREATED", lambda item: span(time.time() - item.get("Created", 0)) + " ago"),
        "Status": ("STATUS", lambda item: item.get("Status", "")),
        "Ports": ("PORTS", lambda item: format_ports(item.get("Ports") or ())),
        "Names": ("NAMES", lambda item: _names(item, truncate=truncate)),
        "State": ("STATE", lambda item: item.get("State", "")),
        "Size": ("SIZE", _size),
        "Labels": ("LABELS", lambda item: ",".join(f"{k}={v}" for k, v in sorted((item.get("Labels") or {}).items()))),
        "Label": ("LABEL", lambda item: lambda name: (item.get("Labels") or {}).get(name, "")),
        "Mounts": ("MOUNTS", mounts),
        "LocalVolumes": ("LOCAL VOLUMES", _local_volumes),
        "Networks": ("NETWORKS", _networks),
        "Platform": ("PLATFORM", _platform),
    }
    return Listing("Container", fields, DEFAULT_COLUMNS, RAW, hidden="Label")


DEFAULT_COLUMNS = ("ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names")
RAW = (
    "container_id: {{.ID}}\nimage: {{.Image}}\ncommand: {{.Command}}\ncreated_at: {{.CreatedAt}}\nstate: {{.State}}\n"
    "status: {{.Status}}\nnames: {{.Names}}\nlabels: {{.Labels}}\nports: {{.Ports}}\n"
)


def format_ports(ports: "Any") -> str:
    """`0.0.0.0:8080->80/tcp, 443/tcp`: neighbouring ports of one kind are shown as a range."""
    ordered = sorted(
        ports,
        key=lambda port: (port.get("PrivatePort", 0), port.get("IP") or "", port.get("PublicPort", 0), port["Type"]),
    )
    done: list[str] = []
    runs: dict[tuple[str, str | None], list[int]] = {}  # (protocol, address) -> first and last port
    mapped: list[str] = []
    for port in ordered:
        address, private, public = port.get("IP") or "", port.get("PrivatePort", 0), port.get("PublicPort", 0)
        if public and public != private:
            mapped.append(f"{_bracketed(address)}{public}->{private}/{port['Type']}")
            continue
        kind = (str(port["Type"]), address if public else None)
        run = runs.get(kind)
        if run is not None and private <= run[1] + 1:
            run[1] = private
            continue
        if run is not None:
            done.append(_port_run(kind, run))
        runs[kind] = [private, private]
    return ", ".join([*done, *(_port_run(kind, run) for kind, run in runs.items()), *mapped])


def _port_run(kind: tuple[str, str | None], run: list[int]) -> str:
    protocol, address = kind
    first, last = run
    numbers = str(first) if first == last else f"{first}-{last}"
    return f"{numbers}/{protocol}" if address is None else f"{_bracketed(address)}{numbers}->{numbers}/{protocol}"


def _bracketed(address: str) -> str:
    if not address:
        return ""
    return f"[{address}]:" if ":" in address else f"{address}:"


def _names(item: "Any", *, truncate: bool) -> str:
    names = [str(name).removeprefix("/") for name in item.get("Names") or ()]
    if truncate:  # names with a further slash come from links
        names = [name for name in names if "/" not in name] or names
    return ",".join(names)


def _created_at(item: "Any") -> str:
    from pier.cli.render.times import go_time

    return go_time(item.get("Created", 0))


def _size(item: "Any") -> str:
    text = decimal_size(item.get("SizeRw") or 0)
    virtual = item.get("SizeRootFs") or 0
    return f"{text} (virtual {decimal_size(virtual)})" if virtual > 0 else text


def _local_volumes(item: "Any") -> str:
    return str(sum(1 for mount in item.get("Mounts") or () if mount.get("Driver") == "local"))


def _networks(item: "Any") -> str:
    return ",".join((item.get("NetworkSettings") or {}).get("Networks") or {})


def _platform(item: "Any") -> object:
    platform = (item.get("ImageManifestDescriptor") or {}).get("platform")
    return platform or None


def _quoted(text: str) -> str:
    """A text in double quotes as Go's strconv.Quote writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    for letter, escape in (("\n", "\\n"), ("\t", "\\t"), ("\r", "\\r")):
        escaped = escaped.replace(letter, escape)
    return f'"{escaped}"'


def list_containers(session: "Session", values: Values, _: list[str]) -> int:
    """Print the containers that the flags select."""
    template = values.text("format")
    if template and values.flag("quiet"):
        session.err("WARNING: Ignoring custom format, because both --format and --quiet are set.\n")
        template = ""
    if not template and not values.flag("quiet"):
        template = session.configured_format("psFormat")
    size = values.flag("size") or ".Size" in template or "json.}}" in template.replace(" ", "")
    limit = 1 if values.flag("latest") and not values.given("last") else values.number("last")
    query = {
        "all": values.flag("all"),
        "limit": limit if limit > 0 else None,
        "size": size,
        "filters": encode_filters(values.items("filter")),
    }
    items = session.client.get("/containers/json", query)
    listing = container_listing(truncate=not values.flag("no-trunc"))
    if size and template in ("", "table"):
        listing.default = (*listing.default, "Size")
    session.out(listing.render(items, template, quiet_field="ID" if values.flag("quiet") else ""))
    return 0


LS = Command(
    "container ls",
    "[OPTIONS]",
    "List containers",
    (
        Flag("all", "a", help="Show all containers, not only running ones"),
        FILTER,
        Flag("format", "", STRING, "Show as table, json, raw, or by a Go template"),
        Flag("last", "n", INT, "Show the n containers created last, whatever their state", default=-1),
        Flag("latest", "l", help="Show the container created last, whatever its state"),
        Flag("no-trunc", help="Do not shorten ids, commands and names"),
        Flag("quiet", "q", help="Show ids only"),
        Flag("size", "s", help="Show sizes of the file systems"),
    ),
    list_containers,
    most=0,
)
