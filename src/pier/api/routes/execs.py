"""`/exec`: create, inspect and resize; starting one is in `streams`."""

from dataclasses import replace

from pier.api.call import Call, json_reply
from pier.api.http.messages import Answer, Reply
from pier.api.router import Route
from pier.api.routes.containers import screen_size
from pier.api.translate.create import load_exec
from pier.api.translate.inspect import describe_exec
from pier.api.versions import Change, since
from pier.domain.errors import InvalidArgument
from pier.wire.container import ExecCreate, IdReply


async def create(call: Call) -> Answer:
    config = load_exec(await call.body(ExecCreate))
    if not since(call.version, Change.EXEC_CONSOLE_SIZE):
        config = replace(config, console_size=None)
    if not config.cmd:
        raise InvalidArgument("No exec command specified")
    return json_reply(IdReply(id=await call.engine.execs.create(call.ref, config)), 201)


async def inspect(call: Call) -> Answer:
    return json_reply(describe_exec(call.engine.execs.inspect(call.ref)))


async def resize(call: Call) -> Answer:
    height, width = screen_size(call)
    await call.engine.execs.resize(call.ref, height, width)
    return Reply(status=200)


ROUTES = (
    Route("POST", "/containers/{name...}/exec", create),
    Route("POST", "/exec/{name}/resize", resize),
    Route("GET", "/exec/{name}/json", inspect),
)
