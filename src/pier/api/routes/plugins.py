"""`/plugins`: Pier has none and runs none, so that the list is empty and every name unknown."""

from pier.api.call import Call, json_reply
from pier.api.http.messages import Answer
from pier.api.router import Route
from pier.api.routes.missing import missing
from pier.domain.errors import NotFound

_NOTE = "Pier runs no managed plugins"


async def list_plugins(call: Call) -> Answer:
    return json_reply([])


async def unknown(call: Call) -> Answer:
    raise NotFound(f'plugin "{call.ref}" not found')


ROUTES = (
    Route("GET", "/plugins", list_plugins, "supported", "always empty"),
    missing("GET", "/plugins/privileges", _NOTE),
    missing("POST", "/plugins/pull", _NOTE),
    Route("GET", "/plugins/{name...}/json", unknown, "supported", "always 404"),
    Route("DELETE", "/plugins/{name...}", unknown, "supported", "always 404"),
    Route("POST", "/plugins/{name...}/enable", unknown, "supported", "always 404"),
    Route("POST", "/plugins/{name...}/disable", unknown, "supported", "always 404"),
    missing("POST", "/plugins/{name...}/upgrade", _NOTE),
    missing("POST", "/plugins/create", _NOTE),
    missing("POST", "/plugins/{name...}/push", _NOTE),
    Route("POST", "/plugins/{name...}/set", unknown, "supported", "always 404"),
)
