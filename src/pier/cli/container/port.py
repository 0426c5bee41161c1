"""`pier container port`, `pier port`."""

from pier.cli.errors import CliError
from pier.cli.flags import Command, Values
from pier.client.query import quote_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pier.cli.session import Session


def port(session: "Session", _: Values, arguments: list[str]) -> int:
    """Print all published ports, or the host's side of one."""
    name = arguments[0]
    details = session.client.get(f"/containers/{quote_path(name)}/json")
    ports: dict[str, Any] = (details.get("NetworkSettings") or {}).get("Ports") or {}
    if len(arguments) > 1:
        number, _slash, protocol = arguments[1].partition("/")
        bindings = ports.get(f"{number}/{(protocol or 'tcp').lower()}")
        if not bindings:
            raise CliError(f"Error: No public port '{arguments[1]}' published for {name}")
        lines = [_host_side(binding) for binding in bindings]
    else:
        lines = [
            f"{key} -> {_host_side(binding)}"
            for key in sorted(ports, key=lambda key: (int(key.partition("/")[0]), key))
            for binding in ports[key] or ()
        ]
    session.out("".join(f"{line}\n" for line in lines))
    return 0


def _host_side(binding: "dict[str, str]") -> str:
    address = binding.get("HostIp") or ""
    return f"[{address}]:{binding['HostPort']}" if ":" in address else f"{address}:{binding['HostPort']}"


PORT = Command(
    "container port",
    "CONTAINER [PRIVATE_PORT[/PROTO]]",
    "Show the published ports of a container",
    (),
    port,
    least=1,
    most=2,
    completer="running",
)
