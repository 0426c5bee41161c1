"""`pier network connect` and `disconnect`."""

from pier.cli.container.checks import label
from pier.cli.flags import CSV, INT, LIST, STRING, Command, Flag, Values
from pier.client.query import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pier.cli.session import Session


def connect(session: "Session", values: Values, names: list[str]) -> int:
    """Put a container on a network; prints nothing."""
    network, container = names
    fixed = {
        key: value
        for key, value in (
            ("IPv4Address", values.text("ip")),
            ("IPv6Address", values.text("ip6")),
            ("LinkLocalIPs", values.items("link-local-ip")),
        )
        if value
    }
    endpoint: dict[str, Any] = {
        "IPAMConfig": fixed or None,
        "Links": values.items("link") or None,
        "Aliases": values.items("alias") or None,
        "DriverOpts": dict(label(item) for item in values.items("driver-opt")) or None,
        "GwPriority": values.number("gw-priority"),
    }
    body = {"Container": container, "EndpointConfig": endpoint}
    session.client.post(f"/networks/{quote_path(network)}/connect", None, body)
    return 0


def disconnect(session: "Session", values: Values, names: list[str]) -> int:
    """Take a container off a network; prints nothing."""
    network, container = names
    body = {"Container": container, "Force": values.flag("force")}
    session.client.post(f"/networks/{quote_path(network)}/disconnect", None, body)
    return 0


CONNECT = Command(
    "network connect",
    "[OPTIONS] NETWORK CONTAINER",
    "Attach a container to a network",
    (
        Flag("alias", "", CSV, "Another name of the container on this network"),
        Flag("driver-opt", "", CSV, "Option of the network's driver", check=label),
        Flag("gw-priority", "", INT, "The network with the highest number has the default route"),
        Flag("ip", "", STRING, "Fixed IPv4 address"),
        Flag("ip6", "", STRING, "Fixed IPv6 address"),
        Flag("link", "", LIST, "Another container to link to", completer="containers"),
        Flag("link-local-ip", "", CSV, "Link-local address"),
    ),
    connect,
    least=2,
    most=2,
    completer="networks",
)
DISCONNECT = Command(
    "network disconnect",
    "[OPTIONS] NETWORK CONTAINER",
    "Detach a container from a network",
    (Flag("force", "f", help="Also when the container does not take part in it"),),
    disconnect,
    least=2,
    most=2,
    completer="networks",
)
