"""`pier network ls`, `create` and `rm`."""

from pier.cli.container.checks import label
from pier.cli.errors import CliError
from pier.cli.filters import FILTER, encode_filters
from pier.cli.flags import CSV, LIST, STRING, Command, Flag, Values
from pier.cli.render.listing import Listing
from pier.client.errors import ApiError
from pier.client.query import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pier.cli.session import Session


def network_listing(*, truncate: bool) -> Listing:
    """How networks are listed."""
    fields = {
        "ID": ("NETWORK ID", lambda item: item["Id"][:12] if truncate else item["Id"]),
        "Name": ("NAME", lambda item: item["Name"]),
        "Driver": ("DRIVER", lambda item: item["Driver"]),
        "Scope": ("SCOPE", lambda item: item["Scope"]),
        "IPv4": ("IPV4", lambda item: _word(item.get("EnableIPv4", True))),
        "IPv6": ("IPV6", lambda item: _word(item.get("EnableIPv6"))),
        "Internal": ("INTERNAL", lambda item: _word(item.get("Internal"))),
        "Labels": ("LABELS", lambda item: ",".join(f"{k}={v}" for k, v in sorted((item.get("Labels") or {}).items()))),
        "Label": ("LABEL", lambda item: lambda name: (item.get("Labels") or {}).get(name, "")),
        "CreatedAt": ("CREATED AT", _created_at),
    }
    return Listing("Network", fields, ("ID", "Name", "Driver", "Scope"), hidden="Label")


def _word(value: object) -> str:
    return "true" if value else "false"


def _created_at(item: "Any") -> str:
    from pier.cli.render.times import go_time, parse_time_parts

    return go_time(*parse_time_parts(item["Created"]))


def list_networks(session: "Session", values: Values, _: list[str]) -> int:
    """Print the networks, by name."""
    items = session.client.get("/networks", {"filters": encode_filters(values.items("filter"))})
    items.sort(key=lambda item: item["Name"])
    template = values.text("format")
    if not template and not values.flag("quiet"):
        template = session.configured_format("networksFormat")
    listing = network_listing(truncate=not values.flag("no-trunc"))
    session.out(listing.render(items, template, quiet_field="ID" if values.flag("quiet") else ""))
    return 0


def create(session: "Session", values: Values, names: list[str]) -> int:
    """Create a network and print its id."""
    body: dict[str, Any] = {"Driver": values.text("driver"), "Scope": values.text("scope")}
    for flag, key in (("ipv4", "EnableIPv4"), ("ipv6", "EnableIPv6")):
        if values.given(flag):
            body[key] = values.flag(flag)
    body["IPAM"] = {
        "Driver": values.text("ipam-driver"),
        "Options": dict(label(item) for item in values.items("ipam-opt")),
        "Config": _subnets(values),
    }
    body.update(
        Internal=values.flag("internal"),
        Attachable=values.flag("attachable"),
        Ingress=values.flag("ingress"),
        ConfigOnly=values.flag("config-only"),
        ConfigFrom={"Network": values.text("config-from")} if values.text("config-from") else None,
        Options=dict(label(item) for item in values.items("opt")),
        Labels=dict(label(item) for item in values.items("label")),
        Name=names[0],
    )
    answer = session.client.post("/networks/create", None, body)
    if answer.get("Warning"):
        session.err(f"WARNING: {answer['Warning']}\n")
    session.out(f"{answer['Id']}\n")
    return 0


def _subnets(values: Values) -> "list[dict[str, Any]]":
    """IPAM.Config: each gateway, range and auxiliary address goes to the subnet that it lies in. Raises CliError."""
    import ipaddress

    subnets: list[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, dict[str, Any]]] = []
    for text in values.items("subnet"):
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise CliError(f"invalid subnet {text}") from None
        if any(network.version == other.version and network.overlaps(other) for other, _ in subnets):
            raise CliError("multiple overlapping subnet configuration is not supported")
        subnets.append((network, {"Subnet": text}))

    def owner(text: str, address: str) -> "dict[str, Any]":
        try:
            parsed = ipaddress.ip_interface(address).ip
        except ValueError:
            raise CliError(f"invalid address {address}") from None
        for network, entry in subnets:
            if parsed in network:
                return entry
        raise CliError(text)

    if len(subnets) < max(len(values.items("ip-range")), len(values.items("gateway"))):
        raise CliError("every ip-range or gateway must have a corresponding subnet")
    for text in values.items("ip-range"):
        owner(f"no matching subnet for range {text}", text)["IPRange"] = text
    for text in values.items("gateway"):
        entry = owner(f"no matching subnet for gateway {text}", text)
        if "Gateway" in entry:
            raise CliError(f"cannot configure multiple gateways ({text}, {entry['Gateway']}) for the same subnet")
        entry["Gateway"] = text
    for text in values.items("aux-address"):
        name, address = label(text)
        owner(f"no matching subnet for aux-address {address}", address).setdefault("AuxiliaryAddresses", {})[name] = (
            address
        )
    return [entry for _, entry in subnets]


def remove(session: "Session", values: Values, names: list[str]) -> int:
    """Remove networks; with -f those that are not there are no failure."""
    code = 0
    for name in names:
        try:
            details = session.client.get(f"/networks/{quote_path(name)}")
            if details.get("Ingress"):
                raise CliError(f"{name} is the ingress network of a swarm, which is not supported")
            session.client.delete(f"/networks/{quote_path(name)}")
        except ApiError as error:
            if values.flag("force") and error.status == 404:
                continue
            session.err(f"Error response from daemon: {error}\n")
            code = 1
            continue
        session.out(f"{name}\n")
    if code:
        session.err("exit status 1\n")
    return code


LS = Command(
    "network ls",
    "[OPTIONS]",
    "List networks",
    (
        FILTER,
        Flag("format", "", STRING, "Show as table, json, or by a Go template"),
        Flag("no-trunc", help="Do not shorten ids"),
        Flag("quiet", "q", help="Show ids only"),
    ),
    list_networks,
    most=0,
)
CREATE = Command(
    "network create",
    "[OPTIONS] NETWORK",
    "Create a network",
    (
        Flag("attachable", help="Let containers be attached by hand"),
        Flag(
            "aux-address", "", LIST, "Address that the network's driver uses (name=address)", metavar="map", check=label
        ),
        Flag("config-from", "", STRING, "Network to copy the configuration of"),
        Flag("config-only", help="Create a configuration without a network"),
        Flag("driver", "d", STRING, "Driver of the network", default="bridge"),
        Flag("gateway", "", CSV, "Gateway of a subnet"),
        Flag("ingress", help="Make it the ingress network of a swarm"),
        Flag("internal", help="Give the network no way out"),
        Flag("ip-range", "", CSV, "Part of a subnet that containers get addresses of"),
        Flag("ipam-driver", "", STRING, "Driver of address management", default="default"),
        Flag("ipam-opt", "", LIST, "Option of that driver", metavar="map", check=label),
        Flag("ipv4", help="Give IPv4 addresses", default=True),
        Flag("ipv6", help="Give IPv6 addresses"),
        Flag("label", "", LIST, "Set a label", check=label),
        Flag("opt", "o", LIST, "Option of the driver", metavar="map", check=label),
        Flag("scope", "", STRING, "Scope of the network"),
        Flag("subnet", "", CSV, "Subnet in CIDR form"),
    ),
    create,
    least=1,
    most=1,
)
RM = Command(
    "network rm",
    "NETWORK [NETWORK...]",
    "Remove networks",
    (Flag("force", "f", help="Do not fail for networks that are not there"),),
    remove,
    least=1,
    completer="networks",
)
