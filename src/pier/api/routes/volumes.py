"""`/volumes`."""

from pier.api.call import Call, empty_reply, json_reply
from pier.api.http.messages import Answer
from pier.api.router import Route
from pier.api.routes.swarm import NO_MANAGER
from pier.api.translate.volumes import describe_volume
from pier.api.versions import Change, since
from pier.domain.errors import Unavailable
from pier.wire.volume import VolumeCreate, VolumeList, VolumesPruneReply


async def list_volumes(call: Call) -> Answer:
    volumes, warnings = await call.engine.volumes.list(call.filters())
    return json_reply(VolumeList(volumes=[describe_volume(volume) for volume in volumes], warnings=warnings or None))


async def inspect(call: Call) -> Answer:
    return json_reply(describe_volume(await call.engine.volumes.inspect(call.ref)))


async def create(call: Call) -> Answer:
    body = await call.body_or(VolumeCreate, VolumeCreate())
    if body.cluster_volume_spec is not None:
        raise Unavailable(NO_MANAGER)
    volume = await call.engine.volumes.create(
        body.name or "",
        driver=body.driver or "",
        options=dict(body.driver_opts or {}),
        labels=dict(body.labels or {}),
    )
    return json_reply(describe_volume(volume), 201)


async def remove(call: Call) -> Answer:
    await call.engine.volumes.remove(call.ref, force=call.flag("force"))
    return empty_reply()


async def prune(call: Call) -> Answer:
    every = not since(call.version, Change.VOLUME_PRUNE_KEEPS_NAMED)
    names, reclaimed = await call.engine.volumes.prune(call.filters(), every=every)
    return json_reply(VolumesPruneReply(volumes_deleted=list(names), space_reclaimed=reclaimed))


ROUTES = (
    Route("GET", "/volumes", list_volumes),
    Route("POST", "/volumes/create", create, to_end=True),
    Route("GET", "/volumes/{name}", inspect),
    Route("DELETE", "/volumes/{name}", remove, to_end=True),
    Route("POST", "/volumes/prune", prune, to_end=True),
)
