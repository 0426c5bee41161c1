"""Ping, version, info."""

import asyncio
import os

from pier.api.call import Call, json_reply
from pier.api.http.messages import Answer, Headers, Reply
from pier.api.router import Route
from pier.api.translate.system import describe_info, describe_version
from pier.wire.system import ShutdownReply

# No BuildKit here: clients that ask for a builder are told to use the classic one.
_PING: Headers = (
    ("Builder-Version", "1"),
    ("Cache-Control", "no-cache, no-store, must-revalidate"),
    ("Pragma", "no-cache"),
    ("Swarm", "inactive"),
    ("Content-Type", "text/plain; charset=utf-8"),
)


async def ping(call: Call) -> Answer:
    return Reply(headers=_PING, body=b"OK")


async def ping_head(call: Call) -> Answer:
    return Reply(headers=_PING)


async def version(call: Call) -> Answer:
    return json_reply(describe_version(await call.engine.system.version()))


async def info(call: Call) -> Answer:
    facts = await call.engine.system.info()
    open_files = len(await asyncio.to_thread(os.listdir, "/proc/self/fd"))
    return json_reply(describe_info(facts, call.version, open_files=open_files, jobs=len(asyncio.all_tasks())))


async def shutdown(call: Call) -> Answer:
    stopped, failures = await call.engine.shutdown.stop_all()
    return json_reply(ShutdownReply(containers_stopped=stopped, failures=failures))


ROUTES = (
    Route("GET", "/_ping", ping),
    Route("HEAD", "/_ping", ping_head),
    Route("GET", "/version", version),
    Route("GET", "/info", info),
    Route("POST", "/system/shutdown", shutdown, note="Pier's own: stops all containers", to_end=True),
)
