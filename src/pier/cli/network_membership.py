"""`pier network connect` and `disconnect`."""

from pier.cli.container.checks import label
from pier.cli.container.network_options import endpoint
from pier.cli.errors import CliError
from pier.cli.flags import CSV, INT, LIST, STRING, Command, Flag, Values
from pier.client.query import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pier.cli.session import Session


def connect(session: "Session", values: Values, names: list[str]) -> int:
    """Put a container on a network; prints nothing."""
    network, container = names
    for option in values.items("driver-opt"):
        if "=" not in option:
            raise CliError("invalid key/value pair format in driver options")
    settings = endpoint(
        {
            "ip": values.text("ip"),
            "ip6": values.text("ip6"),
            "link-local-ip": values.items("link-local-ip"),
            "links": values.items("link"),
            "alias": values.items("alias"),
            "driver-opt": values.items("driver-opt"),
            "gw-priority": values.number("gw-priority"),
        }
    )
    settings["Aliases"] = values.items("alias")
    settings |= {key: settings[key] or {} for key in ("IPAMConfig", "DriverOpts")}
    body = {"Container": container, "EndpointConfig": settings}
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
