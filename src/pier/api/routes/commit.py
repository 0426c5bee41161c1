"""`POST /commit` and container update."""

from pier.api.call import Call, json_reply
from pier.api.http.messages import Answer
from pier.api.router import Route
from pier.api.translate.commit import load_commit, load_update
from pier.api.versions import Change, since
from pier.wire.container import ContainerConfig, IdReply, UpdateReply
from pier.wire.host_config import HostConfig
from pier.wire.shape import UNSET


async def commit(call: Call) -> Answer:
    """The body may be missing, or null: then the container's own configuration counts."""
    body = await call.body_or(ContainerConfig, ContainerConfig())
    request = load_commit(call.request.query, body, pause=call.flag("pause", default=True))
    return json_reply(IdReply(id=await call.engine.containers.commit(request)), 201)


async def update(call: Call) -> Answer:
    body = await call.body_or(HostConfig, HostConfig())
    if not since(call.version, Change.PIDS_LIMIT_UPDATE):
        body.pids_limit = UNSET
    request = load_update(body)
    warnings = await call.engine.containers.update(call.ref, request)
    return json_reply(UpdateReply(warnings=list(warnings) or None))


ROUTES = (
    Route("POST", "/containers/{name...}/update", update, to_end=True),
    Route("POST", "/commit", commit, to_end=True),
)
