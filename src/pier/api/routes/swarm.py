"""Orchestration: Pier is one host and no member of a swarm, and says so as dockerd does outside one."""

from pier.api.call import Call
from pier.api.http.messages import Answer
from pier.api.router import Route
from pier.domain.errors import Unavailable, Unsupported

NO_MANAGER = (
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm '
    "and try again."
)
_NOTE = "not a swarm manager"


async def no_manager(call: Call) -> Answer:
    raise Unavailable(NO_MANAGER)


async def no_member(call: Call) -> Answer:
    raise Unavailable("This node is not part of a swarm")


async def no_swarm(call: Call) -> Answer:
    raise Unsupported("Pier runs on one host: it does not support swarms")


def _outside(method: str, pattern: str) -> Route:
    return Route(method, pattern, no_manager, "missing", _NOTE)


ROUTES = (
    Route("POST", "/swarm/init", no_swarm, "missing", "one host only"),
    Route("POST", "/swarm/join", no_swarm, "missing", "one host only"),
    Route("POST", "/swarm/leave", no_member, "missing", _NOTE),
    _outside("GET", "/swarm"),
    _outside("GET", "/swarm/unlockkey"),
    _outside("POST", "/swarm/update"),
    _outside("POST", "/swarm/unlock"),
    _outside("GET", "/nodes"),
    _outside("GET", "/nodes/{name}"),
    _outside("DELETE", "/nodes/{name}"),
    _outside("POST", "/nodes/{name}/update"),
    _outside("GET", "/services"),
    _outside("POST", "/services/create"),
    _outside("GET", "/services/{name}"),
    _outside("DELETE", "/services/{name}"),
    _outside("POST", "/services/{name}/update"),
    _outside("GET", "/services/{name}/logs"),
    _outside("GET", "/tasks"),
    _outside("GET", "/tasks/{name}"),
    _outside("GET", "/tasks/{name}/logs"),
    _outside("GET", "/secrets"),
    _outside("POST", "/secrets/create"),
    _outside("GET", "/secrets/{name}"),
    _outside("DELETE", "/secrets/{name}"),
    _outside("POST", "/secrets/{name}/update"),
    _outside("GET", "/configs"),
    _outside("POST", "/configs/create"),
    _outside("GET", "/configs/{name}"),
    _outside("DELETE", "/configs/{name}"),
    _outside("POST", "/configs/{name}/update"),
)
