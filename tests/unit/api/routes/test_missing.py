"""Every endpoint that the Docker Engine API has is answered, and not with `page not found`."""

import pytest
from fakes.raw_client import RawClient

from pier.api.router import Route, Router
from pier.api.routes import table

ENDPOINTS = """
GET /containers/json
POST /containers/create
GET /containers/{id}/json
GET /containers/{id}/top
GET /containers/{id}/logs
GET /containers/{id}/changes
GET /containers/{id}/export
GET /containers/{id}/stats
POST /containers/{id}/resize
POST /containers/{id}/start
POST /containers/{id}/stop
POST /containers/{id}/restart
POST /containers/{id}/kill
POST /containers/{id}/update
POST /containers/{id}/rename
POST /containers/{id}/pause
POST /containers/{id}/unpause
POST /containers/{id}/attach
GET /containers/{id}/attach/ws
POST /containers/{id}/wait
DELETE /containers/{id}
HEAD /containers/{id}/archive
GET /containers/{id}/archive
PUT /containers/{id}/archive
POST /containers/prune
POST /containers/{id}/exec
POST /exec/{id}/start
POST /exec/{id}/resize
GET /exec/{id}/json
GET /containers/{id}/checkpoints
POST /containers/{id}/checkpoints
DELETE /containers/{id}/checkpoints/{checkpoint}
GET /images/json
POST /build
POST /build/prune
POST /build/cancel
POST /images/create
GET /images/{name}/json
GET /images/{name}/history
POST /images/{name}/push
POST /images/{name}/tag
DELETE /images/{name}
GET /images/search
POST /images/prune
GET /images/{name}/get
GET /images/get
POST /images/load
POST /commit
GET /distribution/{name}/json
GET /networks
GET /networks/{id}
DELETE /networks/{id}
POST /networks/create
POST /networks/{id}/connect
POST /networks/{id}/disconnect
POST /networks/prune
GET /volumes
POST /volumes/create
GET /volumes/{name}
PUT /volumes/{name}
DELETE /volumes/{name}
POST /volumes/prune
GET /_ping
HEAD /_ping
GET /version
GET /info
GET /events
GET /system/df
POST /auth
POST /session
POST /grpc
GET /debug/vars
GET /debug/pprof/heap
GET /plugins
GET /plugins/privileges
POST /plugins/pull
GET /plugins/{name}/json
DELETE /plugins/{name}
POST /plugins/{name}/enable
POST /plugins/{name}/disable
POST /plugins/{name}/upgrade
POST /plugins/create
POST /plugins/{name}/push
POST /plugins/{name}/set
GET /swarm
POST /swarm/init
POST /swarm/join
POST /swarm/leave
POST /swarm/update
GET /swarm/unlockkey
POST /swarm/unlock
GET /nodes
GET /nodes/{id}
DELETE /nodes/{id}
POST /nodes/{id}/update
GET /services
POST /services/create
GET /services/{id}
DELETE /services/{id}
POST /services/{id}/update
GET /services/{id}/logs
GET /tasks
GET /tasks/{id}
GET /tasks/{id}/logs
GET /secrets
POST /secrets/create
GET /secrets/{id}
DELETE /secrets/{id}
POST /secrets/{id}/update
GET /configs
POST /configs/create
GET /configs/{id}
DELETE /configs/{id}
POST /configs/{id}/update
"""
ROWS = [tuple(line.split(" ")) for line in ENDPOINTS.splitlines() if line]
REFUSED_BY_THE_ENGINE = ("/networks/{name}/connect", "/networks/{name}/disconnect")
MISSING = [route for route in table() if route.support == "missing" and route.pattern not in REFUSED_BY_THE_ENGINE]


@pytest.mark.parametrize(("method", "path"), ROWS)
def test_every_endpoint_has_a_route(method: str, path: str) -> None:
    assert Router(table()).find(method, path.replace("{", "").replace("}", "")) is not None


@pytest.mark.parametrize("route", MISSING, ids=lambda route: f"{route.method} {route.pattern}")
async def test_what_is_missing_says_so(client: RawClient, route: Route) -> None:
    method, pattern = route.method, route.pattern
    path = pattern.replace("{name...}", "x/y").replace("{name}", "web").replace("{item}", "c")
    response = await client.request(method, path)
    assert response.status in (501, 503)
    if method != "HEAD":
        message = response.json()["message"]
        assert message.startswith(("Pier ", "This node is not", "volume update only valid for cluster"))


async def test_swarm_is_refused_in_dockers_words(client: RawClient) -> None:
    response = await client.request("GET", "/swarm")
    assert response.json()["message"] == (
        'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to '
        "swarm and try again."
    )
    assert (await client.request("POST", "/swarm/leave")).json()["message"] == "This node is not part of a swarm"


async def test_there_are_no_plugins(client: RawClient) -> None:
    assert (await client.request("GET", "/plugins")).json() == []
    response = await client.request("GET", "/plugins/a/b/json")
    assert (response.status, response.json()["message"]) == (404, 'plugin "a/b" not found')


def test_no_two_routes_are_the_same() -> None:
    keys = [(route.method, route.pattern) for route in table()]
    assert len(keys) == len(set(keys))


async def test_volumes_of_a_cluster_cannot_be_updated(client: RawClient) -> None:
    response = await client.request("PUT", "/volumes/x", {})
    reason = "volume update only valid for cluster volumes, but swarm is unavailable"
    assert (response.status, response.json()["message"]) == (503, reason)
