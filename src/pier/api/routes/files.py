"""Files of containers: archive (`docker cp`), changes and export."""

import base64

from pier.api.call import Call, json_reply
from pier.api.http.messages import Answer, Reply, StreamReply
from pier.api.router import Route
from pier.api.translate.files import describe_change, describe_path_stat
from pier.domain.archive import PathStat
from pier.domain.errors import InvalidArgument
from pier.wire.files import PATH_STAT_HEADER
from pier.wire.shape import compact

_TAR = ("Content-Type", "application/x-tar")
_BYTES = ("Content-Type", "application/octet-stream")


def _path(call: Call) -> str:
    path = call.text("path")
    if not path:
        raise InvalidArgument("bad parameter: path cannot be empty")
    return path


def _stat_header(found: PathStat) -> tuple[str, str]:
    return PATH_STAT_HEADER, base64.b64encode(compact(describe_path_stat(found))).decode()


async def stat(call: Call) -> Answer:
    found = await call.engine.containers.stat_path(call.ref, _path(call))
    return Reply(headers=(_stat_header(found),))


async def fetch(call: Call) -> Answer:
    found, chunks = await call.engine.containers.fetch(call.ref, _path(call))
    return StreamReply(headers=(_TAR, _stat_header(found)), chunks=chunks)


async def extract(call: Call) -> Answer:
    await call.engine.containers.extract(
        call.ref,
        _path(call),
        call.request.stream(),
        no_overwrite=call.flag("noOverwriteDirNonDir"),
        as_user=call.flag("copyUIDGID"),
    )
    return Reply()


async def changes(call: Call) -> Answer:
    """null when there are none, as dockerd writes an empty list that nobody made."""
    found = await call.engine.containers.changes(call.ref)
    return json_reply([describe_change(change) for change in found] or None)


async def export(call: Call) -> Answer:
    return StreamReply(headers=(_BYTES,), chunks=await call.engine.containers.export(call.ref))


ROUTES = (
    Route("HEAD", "/containers/{name...}/archive", stat),
    Route("GET", "/containers/{name...}/archive", fetch),
    Route("PUT", "/containers/{name...}/archive", extract),
    Route("GET", "/containers/{name...}/changes", changes),
    Route("GET", "/containers/{name...}/export", export),
)
