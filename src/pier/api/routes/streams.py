"""Attach and exec start: the routes that take the connection over."""

from functools import partial

from pier.api.call import Call
from pier.api.headers import STANDARD_HEADERS
from pier.api.hijack import hijack, refuse
from pier.api.http.channel import Channel
from pier.api.http.messages import Answer, Hijack, Reply
from pier.api.router import Route
from pier.api.streams import STALL, carry
from pier.api.versions import Change, since
from pier.api.websocket import accept, carry_websocket
from pier.domain.container import Exec
from pier.domain.errors import InvalidArgument, PierError
from pier.engine.containers.attach import AttachOptions
from pier.wire.container import ExecStart
from pier.wire.frames import STDOUT, frame


def load_attach(call: Call) -> AttachOptions:
    return AttachOptions(
        stdin=call.flag("stdin"),
        stdout=call.flag("stdout"),
        stderr=call.flag("stderr"),
        stream=call.flag("stream"),
        logs=call.flag("logs"),
        detach_keys=call.text("detachKeys"),
    )


async def attach(call: Call) -> Answer:
    options = load_attach(call)
    try:
        attachment = await call.engine.containers.attach(call.ref, options)
    except Exception as error:
        return refuse(error, call.request)
    run = partial(carry, attachment=attachment, stdin=options.stdin and options.stream, raw=attachment.terminal)
    return hijack(call, terminal=attachment.terminal, run=run, dropped=attachment.close)


async def attach_websocket(call: Call) -> Answer:
    try:
        head = accept(call.request)
    except InvalidArgument:
        await call.engine.containers.inspect(call.ref)  # one that is not there comes first
        raise
    options = load_attach(call)
    attachment = await call.engine.containers.attach(call.ref, options)
    run = partial(carry_websocket, attachment=attachment, stdin=options.stdin and options.stream)
    return Hijack(head=head, run=run, dropped=attachment.close)


async def start_exec(call: Call) -> Answer:
    """From the moment the stream is open, a start that fails is reported in it.

    Whether it has frames is for who starts it to say, not for who made the exec: as with dockerd, whose clients read it
    by what they have asked for here.
    """
    body = await call.body_or(ExecStart, ExecStart())
    exec_ = call.engine.execs.inspect(call.ref)
    raw = bool(body.tty)
    size = _console_size(call, body)
    if body.detach:
        await call.engine.execs.start(call.ref, detach=True, console_size=size)
        return Reply(status=200)
    run = partial(_run_exec, call=call, exec_=exec_, size=size, raw=raw)
    return hijack(call, terminal=raw, run=run, headers=STANDARD_HEADERS)


def _console_size(call: Call, body: ExecStart) -> tuple[int, int] | None:
    """None where nothing is made of it, as with dockerd: without `Tty` in the same request, and for older clients."""
    if not (body.tty and body.console_size and all(body.console_size)):
        return None
    return body.console_size if since(call.version, Change.EXEC_CONSOLE_SIZE) else None


async def _run_exec(channel: Channel, call: Call, exec_: Exec, size: tuple[int, int] | None, raw: bool) -> None:
    try:
        attachment = await call.engine.execs.start(exec_.id, detach=False, console_size=size)
    except PierError as error:
        text = f"{error.message}\r\n".encode()
        await channel.write(text if raw else frame(STDOUT, text), STALL)
        return
    if attachment is not None:
        await carry(channel, attachment, stdin=exec_.config.attach_stdin, raw=raw)


ROUTES = (
    Route("POST", "/containers/{name...}/attach", attach),
    Route("GET", "/containers/{name}/attach/ws", attach_websocket),
    Route("POST", "/exec/{name}/start", start_exec, to_end=True),
)
