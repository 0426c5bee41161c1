"""`/networks`."""

from pier.api.call import Call, empty_reply, json_reply
from pier.api.http.messages import Answer, Reply
from pier.api.router import Route
from pier.api.translate.endpoints import load_endpoint
from pier.api.translate.networks import describe_network, describe_network_details, load_network
from pier.api.versions import Change, since
from pier.domain.booleans import EITHER
from pier.domain.errors import InvalidArgument, NotFound
from pier.wire.host_config import EndpointSettings
from pier.wire.network import (
    NetworkConnect,
    NetworkCreate,
    NetworkCreateReply,
    NetworkDisconnect,
    NetworksPruneReply,
)


async def list_networks(call: Call) -> Answer:
    networks = call.engine.networks
    listed = networks.list(call.filters())
    if since(call.version, Change.NETWORK_LIST_IS_BRIEF):
        return json_reply([describe_network(network) for network in listed])
    return json_reply([describe_network_details(networks.get(network.id)) for network in listed])


async def inspect(call: Call) -> Answer:
    """`verbose` tells more of networks of a swarm only; `scope` must be that of the network."""
    verbose = call.text("verbose")
    if verbose and verbose not in EITHER:
        raise InvalidArgument(
            f'invalid value for verbose: {verbose}: strconv.ParseBool: parsing "{verbose}": invalid syntax'
        )
    details = call.engine.networks.get(call.ref)
    if call.text("scope") not in ("", details.network.scope):
        raise NotFound(f"network {call.ref} not found")
    return json_reply(describe_network_details(details))


async def create(call: Call) -> Answer:
    request = load_network(await call.body(NetworkCreate), call.version)
    network_id, warning = await call.engine.networks.create(request)
    return json_reply(NetworkCreateReply(id=network_id, warning=warning), 201)


async def remove(call: Call) -> Answer:
    await call.engine.networks.remove(call.ref)
    return empty_reply()


def _container(body: NetworkConnect | NetworkDisconnect) -> str:
    if not body.container:
        raise InvalidArgument('invalid name or ID supplied: ""')
    return body.container


async def connect(call: Call) -> Answer:
    body = await call.body(NetworkConnect)
    request = load_endpoint(body.endpoint_config or EndpointSettings())
    await call.engine.networks.connect(call.ref, _container(body), request)
    return Reply(status=200)


async def disconnect(call: Call) -> Answer:
    """`Force` is for endpoints that a container elsewhere has left behind: with Pier there are none."""
    body = await call.body(NetworkDisconnect)
    await call.engine.networks.disconnect(call.ref, _container(body))
    return Reply(status=200)


async def prune(call: Call) -> Answer:
    names = await call.engine.networks.prune(call.filters())
    return json_reply(NetworksPruneReply(networks_deleted=names or None))


ROUTES = (
    Route("GET", "/networks", list_networks),
    Route("GET", "/networks/", list_networks),
    Route("GET", "/networks/{name}", inspect),
    Route("DELETE", "/networks/{name}", remove, to_end=True),
    Route("POST", "/networks/create", create, "partial", "no overlay: one host only", to_end=True),
    Route("POST", "/networks/{name}/connect", connect, to_end=True),
    Route("POST", "/networks/{name}/disconnect", disconnect, to_end=True),
    Route("POST", "/networks/prune", prune, to_end=True),
)
