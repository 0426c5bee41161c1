"""`pier system shutdown`: every container stopped in good order, for a host that goes down."""

from pier.cli.errors import CliError
from pier.cli.flags import Command, Flag, Values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pier.cli.session import Session


def shutdown(session: "Session", values: Values, _: list[str]) -> int:
    """Prints the ids of the containers that were stopped."""
    answer = session.client.post("/system/shutdown", {})
    if not values.flag("quiet"):
        session.out("".join(f"{container_id}\n" for container_id in answer["ContainersStopped"]))
    if answer["Failures"]:
        failures = "\n".join(f"{container_id}: {why}" for container_id, why in answer["Failures"].items())
        raise CliError(f"not everything could be stopped:\n{failures}")
    return 0


SHUTDOWN = Command(
    "system shutdown",
    "[OPTIONS]",
    "Stop all containers for a shutdown of the host",
    (Flag("quiet", "q", help="Do not print what was stopped"),),
    shutdown,
    most=0,
)
