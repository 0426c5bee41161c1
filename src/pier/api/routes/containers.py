"""`/containers`: create, the verbs of life, list and inspect."""

import time
from collections.abc import AsyncIterator

from pier.api.call import Call, empty_reply, json_reply
from pier.api.errors import JSON
from pier.api.http.messages import Answer, Reply, StreamReply
from pier.api.router import Route
from pier.api.translate.create import load_create, warnings_of
from pier.api.translate.inspect import describe_container
from pier.api.versions import Change, since
from pier.domain.errors import InvalidArgument
from pier.wire.container import ContainersPruneReply, CreateReply, TopReply, WaitError, WaitReply
from pier.wire.host_config import CreateBody
from pier.wire.shape import UNSET, encode

_START_BODY = 7  # bytes of a body of `start` that are let pass, as with dockerd
_SIZE_LIMIT = (1 << 32) - 1  # rows or columns of a terminal


async def create(call: Call) -> Answer:
    body, version = await call.body(CreateBody), call.version
    request = load_create(body, name=call.text("name"), platform=call.text("platform"), version=version)
    container_id, warnings = await call.engine.containers.create(request)
    return json_reply(CreateReply(id=container_id, warnings=[*warnings, *warnings_of(body, version)]), 201)


async def list_containers(call: Call) -> Answer:
    """A limit (a positive one) or a status filter shows stopped containers too."""
    limit = max(0, call.integer("limit") or 0)
    found = await call.engine.containers.list(
        all=call.flag("all"), limit=limit, filters=call.filters(), size=call.flag("size")
    )
    now = time.time_ns()
    return Reply(headers=(JSON,), body=call.summaries.encode(found, now, call.version))


async def inspect(call: Call) -> Answer:
    details = await call.engine.containers.inspect(call.ref, size=call.flag("size"))
    return json_reply(describe_container(details, call.version))


async def start(call: Call) -> Answer:
    """Up to 1.23 a HostConfig could come along: what would be overlooked now is refused, but for a brief `{}`."""
    length, chunked = call.request.headers.get("content-length", ""), "transfer-encoding" in call.request.headers
    if chunked or (length.isdigit() and int(length) > _START_BODY):
        raise InvalidArgument(
            "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24"
        )
    await call.engine.containers.start(call.ref)
    return empty_reply()


async def stop(call: Call) -> Answer:
    await call.engine.containers.stop(call.ref, call.integer("t"), _stop_signal(call))
    return empty_reply()


async def restart(call: Call) -> Answer:
    await call.engine.containers.restart(call.ref, call.integer("t"), _stop_signal(call))
    return empty_reply()


def _stop_signal(call: Call) -> str:
    return call.text("signal") if since(call.version, Change.STOP_TAKES_SIGNAL) else ""


async def kill(call: Call) -> Answer:
    await call.engine.containers.kill(call.ref, call.text("signal"))
    return empty_reply()


async def pause(call: Call) -> Answer:
    await call.engine.containers.pause(call.ref)
    return empty_reply()


async def unpause(call: Call) -> Answer:
    await call.engine.containers.unpause(call.ref)
    return empty_reply()


async def rename(call: Call) -> Answer:
    await call.engine.containers.rename(call.ref, call.text("name"))
    return empty_reply()


async def remove(call: Call) -> Answer:
    await call.engine.containers.remove(
        call.ref, volumes=call.flag("v"), force=call.flag("force"), link=call.flag("link")
    )
    return empty_reply()


async def resize(call: Call) -> Answer:
    height, width = screen_size(call)
    await call.engine.containers.resize(call.ref, height, width)
    return Reply(status=200)


def screen_size(call: Call) -> tuple[int, int]:
    """Height and width of a terminal. Raises InvalidArgument where either is no number of 32 bits."""
    sizes = []
    for key, name in (("h", "height"), ("w", "width")):
        text = call.text(key)
        sign, digits = (text[:1], text[1:]) if text.startswith(("+", "-")) else ("", text)
        if not (digits.isascii() and digits.isdigit()):
            raise InvalidArgument(f'invalid resize {name} "{text}": invalid syntax')
        digits = digits.lstrip("0") or "0"
        if len(digits) > len(str(_SIZE_LIMIT)) or int(digits) > _SIZE_LIMIT or (sign == "-" and digits != "0"):
            raise InvalidArgument(f'invalid resize {name} "{text}": value out of range')
        sizes.append(int(digits))
    return sizes[0], sizes[1]


async def wait(call: Call) -> Answer:
    """The client starts the container only once it has seen the headers: they leave before there is a result."""
    early = since(call.version, Change.WAIT_ANSWERS_EARLY)
    registered = await call.engine.containers.wait(call.ref, call.text("condition") if early else "")

    async def outcome() -> WaitReply:
        code, error = await registered.result()
        return WaitReply(error=WaitError(message=error) if error else UNSET, status_code=code)

    if not early:
        return json_reply(await outcome())

    async def chunks() -> AsyncIterator[bytes]:
        yield encode(await outcome())

    return StreamReply(headers=(JSON,), chunks=chunks(), follow=True)


async def top(call: Call) -> Answer:
    titles, processes = await call.engine.containers.top(call.ref, call.text("ps_args"))
    return json_reply(TopReply(processes=processes, titles=titles))


async def prune(call: Call) -> Answer:
    deleted, reclaimed = await call.engine.containers.prune(call.filters())
    return json_reply(ContainersPruneReply(containers_deleted=deleted or None, space_reclaimed=reclaimed))


ROUTES = (
    Route("GET", "/containers/json", list_containers),
    Route("POST", "/containers/create", create, to_end=True),
    Route("GET", "/containers/{name...}/json", inspect),
    Route("GET", "/containers/{name...}/top", top),
    Route("POST", "/containers/{name...}/start", start, to_end=True),
    Route("POST", "/containers/{name...}/stop", stop, to_end=True),
    Route("POST", "/containers/{name...}/restart", restart, to_end=True),
    Route("POST", "/containers/{name...}/kill", kill, to_end=True),
    Route("POST", "/containers/{name...}/pause", pause, to_end=True),
    Route("POST", "/containers/{name...}/unpause", unpause, to_end=True),
    Route("POST", "/containers/{name...}/rename", rename, to_end=True),
    Route("POST", "/containers/{name...}/resize", resize),
    Route("POST", "/containers/{name...}/wait", wait),
    Route("DELETE", "/containers/{name...}", remove, to_end=True),
    Route("POST", "/containers/prune", prune, to_end=True),
)
