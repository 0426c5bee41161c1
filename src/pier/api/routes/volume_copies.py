"""The content of volumes, which Docker's API has no way to."""

from pier.api.call import Call, json_reply
from pier.api.http.messages import Answer, StreamReply
from pier.api.router import Route
from pier.api.translate.volumes import describe_volume
from pier.wire.volume import VolumeClone


async def export(call: Call) -> Answer:
    chunks = await call.engine.volume_copies.export(call.ref)
    return StreamReply(headers=(("Content-Type", "application/x-tar"),), chunks=chunks)


async def import_(call: Call) -> Answer:
    return json_reply(describe_volume(await call.engine.volume_copies.import_(call.ref, call.request.stream())), 201)


async def clone(call: Call) -> Answer:
    body = await call.body_or(VolumeClone, VolumeClone())
    volume = await call.engine.volume_copies.clone(call.ref, body.name or "", snapshot=bool(body.snapshot))
    return json_reply(describe_volume(volume), 201)


_OWN = "Pier's own"

ROUTES = (
    Route("GET", "/volumes/{name}/export", export, note=_OWN),
    Route("PUT", "/volumes/{name}/import", import_, note=_OWN),
    Route("POST", "/volumes/{name}/clone", clone, note=_OWN, to_end=True),
)
