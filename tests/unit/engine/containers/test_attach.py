"""attach: from the first byte to the last, in both directions, and how each side lets go."""

import asyncio
from contextlib import suppress

import pytest
from fakes.streams import FakeLogLine
from fakes.world import World

from pier.domain.container import HostConfig, RestartPolicy, Status
from pier.domain.errors import Conflict, InvalidArgument, NotFound
from pier.engine.containers.attach import Attachment, AttachOptions, Detached

OUT = AttachOptions(stdout=True, stderr=True, stream=True)
ALL = AttachOptions(stdin=True, stdout=True, stderr=True, stream=True)


async def attach(world: World, options: AttachOptions = OUT) -> Attachment:
    return await world.engine.containers.attach("web", options)


async def output(attachment: Attachment) -> list[tuple[int, bytes]]:
    async with asyncio.timeout(5):
        return [chunk async for chunk in attachment]


async def test_who_attaches_before_the_start_gets_the_first_byte(world: World) -> None:
    container_id = await world.create("web")
    attachment = await attach(world)
    world.containerd.state.gates["tasks.start"] = gate = asyncio.Event()
    async with asyncio.TaskGroup() as clients:
        clients.create_task(world.engine.containers.start("web"))
        await world.until(lambda: world.calls("tasks.start"))
        await world.turns()
        world.stream(container_id).emit(b"first")  # nobody reads yet
        gate.set()
    world.stream(container_id).emit(b"oops", 2)
    world.end(container_id)
    assert await output(attachment) == [(1, b"first"), (2, b"oops")]


async def test_each_of_several_gets_all_it_asked_for(world: World) -> None:
    container_id = await world.run("web")
    both, errors = await attach(world), await attach(world, AttachOptions(stderr=True, stream=True))
    await world.turns()
    world.stream(container_id).emit(b"a")
    world.stream(container_id).emit(b"b", 2)
    world.end(container_id)
    assert await output(both) == [(1, b"a"), (2, b"b")]
    assert await output(errors) == [(2, b"b")]


async def test_who_attaches_to_what_is_down_waits_for_the_next_run(world: World) -> None:
    container_id = await world.run("web")
    world.end(container_id)
    await world.ended("web")
    attachment = await attach(world)
    await world.engine.containers.start("web")
    await world.turns()
    world.stream(container_id).emit(b"again")
    world.end(container_id)
    assert await output(attachment) == [(1, b"again")]


async def test_who_waits_is_let_go_when_the_container_is_removed(world: World) -> None:
    await world.create("web")
    attachment = await attach(world)
    async with asyncio.TaskGroup() as clients:
        reading = clients.create_task(output(attachment))
        await world.turns()
        await world.engine.containers.remove("web")
    assert reading.result() == []


async def test_letting_go_stops_the_output_and_nothing_else(world: World) -> None:
    container_id = await world.run("web")
    attachment = await attach(world)
    await world.turns()
    attachment.close()
    assert world.stream(container_id).outputs[0].closed
    assert world.container("web").state.status is Status.RUNNING


async def test_who_lets_go_before_the_start_is_not_attached_by_it(world: World) -> None:
    container_id = await world.create("web")
    attachment = await attach(world)
    attachment.close()
    await world.engine.containers.start("web")
    await world.turns()
    assert world.stream(container_id).outputs == []
    assert await output(attachment) == []


async def test_the_log_comes_first_then_what_is_live(world: World) -> None:
    container_id = await world.run("web")
    lines = [FakeLogLine(1, 1, b"old\n"), FakeLogLine(2, 2, b"err\n"), FakeLogLine(1, 9, b"comes live\n")]
    world.logs.lines[world.container("web").log_path] = lines
    world.stream(container_id).logged_until = 2
    attachment = await attach(world, AttachOptions(stdout=True, stderr=True, stream=True, logs=True))
    await world.turns()
    world.stream(container_id).emit(b"new\n")
    world.end(container_id)
    assert await output(attachment) == [(1, b"old\n"), (2, b"err\n"), (1, b"new\n")]


async def test_the_log_alone_ends_after_it(world: World) -> None:
    await world.run("web")
    world.logs.lines[world.container("web").log_path] = [FakeLogLine(1, 1, b"old\n"), FakeLogLine(2, 2, b"err\n")]
    assert await output(await attach(world, AttachOptions(stdout=True, logs=True))) == [(1, b"old\n")]


# -- stdin ----------------------------------------------------------------------------------------------------------


async def test_input_reaches_the_process(world: World) -> None:
    container_id = await world.run("web", open_stdin=True)
    attachment = await attach(world, ALL)
    await attachment.write(b"hello")
    assert world.stream(container_id).stdin == b"hello"


async def test_who_only_writes_stays_attached_until_the_process_ends(world: World) -> None:
    container_id = await world.run("web", open_stdin=True)
    attachment = await attach(world, AttachOptions(stdin=True, stream=True))
    async with asyncio.TaskGroup() as clients:
        reading = clients.create_task(output(attachment))
        await world.turns()
        world.stream(container_id).emit(b"not for me")
        await world.turns()
        assert not reading.done()
        await attachment.write(b"hello")
        assert world.stream(container_id).stdin == b"hello"
        world.end(container_id)
    assert reading.result() == []


@pytest.mark.parametrize(
    "options", [AttachOptions(stream=True), AttachOptions(), AttachOptions(stdin=True, stream=True)]
)
async def test_who_takes_no_part_is_let_go_at_once(world: World, options: AttachOptions) -> None:
    await world.run("web", open_stdin=False)
    assert await output(await attach(world, options)) == []


async def test_input_before_the_start_waits_for_it(world: World) -> None:
    container_id = await world.create("web", open_stdin=True)
    attachment = await attach(world, ALL)
    async with asyncio.TaskGroup() as clients:
        writing = clients.create_task(attachment.write(b"early"))
        await world.turns()
        assert not writing.done()
        await world.engine.containers.start("web")
    assert world.stream(container_id).stdin == b"early"


async def test_input_for_a_container_that_goes_before_it_starts_is_a_conflict(world: World) -> None:
    await world.create("web", open_stdin=True)
    attachment = await attach(world, ALL)

    async def write() -> None:
        with pytest.raises(Conflict, match="removed before it started"):
            await attachment.write(b"x")

    async with asyncio.TaskGroup() as clients:
        clients.create_task(write())
        await world.turns()
        await world.engine.containers.remove("web")


@pytest.mark.parametrize(
    ("config", "options"),
    [({}, ALL), ({"open_stdin": True}, OUT), ({"open_stdin": True}, AttachOptions(stdin=True, logs=True))],
)
async def test_input_that_nobody_asked_for_is_dropped(
    world: World, config: dict[str, object], options: AttachOptions
) -> None:
    container_id = await world.run("web", **config)
    attachment = await attach(world, options)
    await attachment.write(b"ignored")
    assert world.stream(container_id).stdin == b""


@pytest.mark.parametrize(
    ("config", "goes_on", "closed"),
    [
        ({"open_stdin": True, "stdin_once": True}, True, True),
        ({"open_stdin": True}, False, False),
        ({"open_stdin": True, "stdin_once": True, "tty": True}, False, False),
        ({}, True, False),
    ],
)
async def test_what_the_end_of_the_clients_input_means(
    world: World, config: dict[str, object], goes_on: bool, closed: bool
) -> None:
    container_id = await world.run("web", **config)
    attachment = await attach(world, ALL)
    assert await attachment.close_stdin() is goes_on
    assert world.stream(container_id).stdin_closed is closed
    assert (world.containerd.tasks.closed_stdin == [(container_id, "")]) is closed


async def test_closing_the_stdin_of_what_has_just_ended_is_no_error(world: World) -> None:
    container_id = await world.run("web", open_stdin=True, stdin_once=True)
    attachment = await attach(world, ALL)
    await world.turns()
    world.containerd.tasks.vanish(container_id)
    assert await attachment.close_stdin()


# -- detach keys ------------------------------------------------------------------------------------------------------


async def test_detach_keys_let_the_client_go_and_the_process_be(world: World) -> None:
    container_id = await world.run("web", open_stdin=True, tty=True)
    attachment = await attach(world, ALL)
    with pytest.raises(Detached):
        await attachment.write(b"ls\x10\x11rest")
    assert world.stream(container_id).stdin == b"ls"
    assert world.actions()[-2:] == ["attach", "detach"]
    assert world.container("web").state.status is Status.RUNNING


async def test_detach_keys_of_the_clients_own_choice_over_several_writes(world: World) -> None:
    container_id = await world.run("web", open_stdin=True, tty=True)
    options = AttachOptions(stdin=True, stdout=True, stream=True, detach_keys="x,y")
    attachment = await attach(world, options)
    await attachment.write(b"\x10\x11ax")
    assert world.stream(container_id).stdin == b"\x10\x11a"
    with pytest.raises(Detached):
        await attachment.write(b"y")


async def test_without_a_terminal_the_keys_are_bytes_like_others(world: World) -> None:
    container_id = await world.run("web", open_stdin=True)
    attachment = await attach(world, ALL)
    await attachment.write(b"\x10\x11")
    assert world.stream(container_id).stdin == b"\x10\x11"


# -- refusals -------------------------------------------------------------------------------------------------------


async def test_what_cannot_be_attached_to(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pier.engine.containers.restart.MIN_BACKOFF", 10**12)
    with pytest.raises(NotFound):
        await attach(world)
    container_id = await world.run("web", host=HostConfig(restart_policy=RestartPolicy(name="always")))
    with pytest.raises(InvalidArgument, match="Invalid detach keys"):
        await attach(world, AttachOptions(stdout=True, stream=True, detach_keys="shift-q"))
    await world.engine.containers.pause("web")
    with pytest.raises(Conflict, match="is paused, unpause the container before attach"):
        await attach(world)
    await world.engine.containers.unpause("web")
    world.end(container_id, 1)
    await world.until(lambda: world.container("web").state.status is Status.RESTARTING)
    with pytest.raises(Conflict, match="is restarting"):
        await attach(world)
    with suppress(Conflict):
        await world.engine.containers.remove("web", force=True)


async def test_a_client_that_goes_while_its_attach_is_told_leaves_no_reader(world: World) -> None:
    container_id = await world.run("web")
    async with asyncio.TaskGroup() as clients:
        client = clients.create_task(attach(world))
        await asyncio.sleep(0)  # the event is on its way to the disk
        client.cancel()
    await world.turns()
    assert all(output.closed for output in world.stream(container_id).outputs)
