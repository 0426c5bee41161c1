"""What Pier does not have yet: answered with 501 and a sentence, never with silence."""

from pier.api.call import Call
from pier.api.http.messages import Answer
from pier.api.router import Route
from pier.domain.errors import Unavailable, Unsupported


def missing(method: str, pattern: str, note: str = "") -> Route:
    """A route that says what it is that Pier lacks."""
    shown = pattern.replace("...}", "}").replace("{name}", "{id}" if "/containers" in pattern else "{name}")
    reason = f": {note}" if note else ""

    async def refuse(call: Call) -> Answer:
        raise Unsupported(f"Pier does not support {method} {shown} yet{reason}")

    return Route(method, pattern, refuse, "missing", note)


async def update_cluster_volume(call: Call) -> Answer:
    raise Unavailable("volume update only valid for cluster volumes, but swarm is unavailable")


ROUTES = (
    missing("GET", "/containers/{name}/checkpoints"),
    missing("POST", "/containers/{name}/checkpoints"),
    missing("DELETE", "/containers/{name}/checkpoints/{item}"),
    missing("POST", "/build"),
    missing("POST", "/build/cancel"),
    Route("PUT", "/volumes/{name}", update_cluster_volume, "missing", "cluster volumes need a swarm"),
    missing("POST", "/session", "there is no BuildKit"),
    missing("POST", "/grpc", "there is no BuildKit"),
    missing("GET", "/debug/{name...}"),
)
