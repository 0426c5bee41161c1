"""exec: a process beside the first one, from its creation to the record of its end."""

import asyncio

import pytest
from fakes.world import World

from pier.domain.container import ExecConfig
from pier.domain.errors import Conflict, InvalidArgument, NotFound, PierError, StartFailed
from pier.domain.runtime import ProcessUser, TaskExit
from pier.engine import execs
from pier.engine.containers.attach import Attachment, Detached

SERVE = ExecConfig(cmd=("serve",), attach_stdout=True, attach_stderr=True)


async def begin(world: World, config: ExecConfig = SERVE) -> tuple[str, Attachment]:
    """An exec in `web`, started and attached to."""
    exec_id = await world.engine.execs.create("web", config)
    attachment = await world.engine.execs.start(exec_id, detach=False)
    assert attachment is not None
    return exec_id, attachment


async def output(attachment: Attachment) -> list[tuple[int, bytes]]:
    async with asyncio.timeout(5):
        return [chunk async for chunk in attachment]


async def exit_code(world: World, exec_id: str) -> int:
    await world.until(lambda: world.engine.execs.inspect(exec_id).exit_code is not None, "the exec has ended")
    code = world.engine.execs.inspect(exec_id).exit_code
    assert code is not None
    return code


async def test_an_end_while_containerd_was_away_is_seen_when_it_is_back(world: World) -> None:
    container_id = await world.run("web")
    ended, attachment = await begin(world)
    lost, _ = await begin(world)
    lasting, _ = await begin(world)
    world.containerd.stop()
    await world.turns()
    world.end(container_id, 9, ended)
    del world.containerd.state.tasks[container_id].execs[lost]
    world.containerd.start()
    assert await output(attachment) == []
    assert await exit_code(world, ended) == 9
    assert await exit_code(world, lost) == 255
    assert world.engine.execs.inspect(lasting).running


async def test_a_whole_life(world: World) -> None:
    container_id = await world.run("web")
    since = len(world.events)
    exec_id = await world.engine.execs.create("web", SERVE)
    created = world.engine.execs.inspect(exec_id)
    assert (created.running, created.started, created.exit_code, created.pid) == (False, False, None, 0)
    attachment = await world.engine.execs.start(exec_id, detach=False)
    assert attachment is not None
    running = world.engine.execs.inspect(exec_id)
    assert (running.running, running.exit_code) == (True, None)
    assert running.pid == world.containerd.state.tasks[container_id].execs[exec_id].pid
    assert (await world.engine.containers.inspect("web")).exec_ids == (exec_id,)
    world.stream(container_id, exec_id).emit(b"out")
    world.stream(container_id, exec_id).emit(b"err", 2)
    world.end(container_id, 3, exec_id)
    assert await output(attachment) == [(1, b"out"), (2, b"err")]
    assert await exit_code(world, exec_id) == 3
    assert (await world.engine.containers.inspect("web")).exec_ids == ()
    assert exec_id not in world.containerd.state.tasks[container_id].execs
    await world.until(lambda: world.actions(since) == ["exec_create: serve ", "exec_start: serve ", "exec_die"])
    die = world.events[-1].attributes
    assert (die["execID"], die["exitCode"]) == (exec_id, "3")


@pytest.mark.parametrize("closed", [True, False])
async def test_the_output_need_not_wait_for_the_deletion_of_what_has_closed_it(world: World, closed: bool) -> None:
    container_id = await world.run("web")
    exec_id, attachment = await begin(world, SERVE)
    stream = world.stream(container_id, exec_id)
    stream.closed_by_writers = closed
    world.containerd.state.gates["tasks.delete"] = gate = asyncio.Event()
    world.end(container_id, 3, exec_id)
    await world.until(lambda: world.events[-1].action == "exec_die")
    await world.turns()
    assert stream.finished is closed
    gate.set()
    await output(attachment)
    assert world.engine.execs.inspect(exec_id).exit_code == 3
    await world.until(lambda: exec_id not in world.containerd.state.tasks[container_id].execs)


async def test_the_code_is_there_when_the_output_ends(world: World) -> None:
    """Clients ask for it at once."""
    await world.run("web")
    for _ in range(10):
        exec_id, attachment = await begin(world, ExecConfig(cmd=("sh", "-c", "exit 5"), attach_stdout=True))
        await output(attachment)
        assert world.engine.execs.inspect(exec_id).exit_code == 5


async def test_an_exit_heard_twice_is_settled_once(world: World) -> None:
    container_id = await world.run("web")
    exec_id, _ = await begin(world)
    world.end(container_id, 3, exec_id)
    world.containerd.state.publish(TaskExit(container_id=container_id, exec_id=exec_id, pid=1, status=9, exited_at=1))
    assert await exit_code(world, exec_id) == 3
    await world.turns()
    assert world.actions().count("exec_die") == 1


async def test_an_exit_before_the_start_is_recorded_is_settled_after_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.run("web")
    gate = world.hold_after_start(monkeypatch)
    exec_id = await world.engine.execs.create("web", ExecConfig(cmd=("sh", "-c", "exit 5")))
    async with asyncio.TaskGroup() as clients:
        clients.create_task(world.engine.execs.start(exec_id, detach=True))
        await world.until(lambda: len(world.calls("tasks.start")) == 2)
        await world.turns()
        assert world.engine.execs.inspect(exec_id).exit_code is None
        gate.set()
    await world.until(lambda: world.actions()[-1] == "exec_die")
    assert world.actions()[-2] == "exec_start: sh -c exit 5"
    ended = world.engine.execs.inspect(exec_id)
    assert (ended.running, ended.exit_code) == (False, 5)


async def test_execs_end_with_their_container(world: World) -> None:
    container_id = await world.run("web")
    exec_id, attachment = await begin(world)
    world.end(container_id, 0)
    await output(attachment)
    assert await exit_code(world, exec_id) == 137


async def test_execs_end_with_their_container_even_if_nobody_reports_them(world: World) -> None:
    container_id = await world.run("web")
    exec_id, attachment = await begin(world)
    del world.containerd.state.tasks[container_id].execs[exec_id]
    world.end(container_id, 0)
    await output(attachment)
    assert await exit_code(world, exec_id) == 137


async def test_an_exec_of_an_earlier_pierd_is_unknown_and_its_end_is_cleaned_up(world: World) -> None:
    container_id = await world.run("web")
    exec_id, _ = await begin(world)
    await world.restart()
    with pytest.raises(NotFound, match="No such exec instance"):
        world.engine.execs.inspect(exec_id)
    world.end(container_id, 0, exec_id)
    await world.until(lambda: not world.containerd.state.tasks[container_id].execs)


async def test_a_finished_exec_is_forgotten_after_a_while(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execs, "KEPT_AFTER_END", 0)
    await world.run("web")
    exec_id, _ = await begin(world, ExecConfig(cmd=("sh", "-c", "exit 0")))
    await world.until(lambda: exec_id not in world.engine.execs._sessions)


# -- create -----------------------------------------------------------------------------------------------------------


async def test_what_cannot_be_created(world: World) -> None:
    create = world.engine.execs.create
    with pytest.raises(InvalidArgument, match="No exec command specified"):
        await create("gone", ExecConfig(cmd=()))  # the command is looked at first
    with pytest.raises(NotFound):
        await create("gone", SERVE)
    await world.create("web")
    with pytest.raises(Conflict, match="is not running"):
        await create("web", SERVE)
    await world.engine.containers.start("web")
    with pytest.raises(InvalidArgument, match="unable to find user ghost"):
        await create("web", ExecConfig(cmd=("ls",), user="ghost"))
    with pytest.raises(InvalidArgument, match="Invalid detach keys"):
        await create("web", ExecConfig(cmd=("ls",), detach_keys="nope"))
    await world.engine.containers.pause("web")
    with pytest.raises(Conflict, match=r"^Container web is paused, unpause the container before exec"):
        await create("web", SERVE)


# -- start ------------------------------------------------------------------------------------------------------------


async def test_the_process_is_what_was_asked_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    container_id = await world.run("web", env=("A=1",))
    world.host.users["app"] = ProcessUser(uid=1000, home="/home/app")
    seen: list[dict[str, object]] = []
    add = world.containerd.tasks.add_exec

    async def spy(container_id: str, exec_id: str, process: dict[str, object], stdio: object) -> None:
        seen.append(process)
        await add(container_id, exec_id, process, stdio)  # type: ignore[arg-type]  # handed on

    monkeypatch.setattr(world.containerd.tasks, "add_exec", spy)
    config = ExecConfig(cmd=("ls", "-l"), user="app", env=("B=2",), working_dir="/w", tty=True, attach_stdin=True)
    exec_id, _ = await begin(world, config)
    (process,) = seen
    assert (process["args"], process["cwd"], process["terminal"]) == (["ls", "-l"], "/w", True)
    environment = process["env"]
    assert isinstance(environment, list)
    assert {"A=1", "B=2", "TERM=xterm", "HOME=/home/app"} <= set(environment)
    stdio = world.stream(container_id, exec_id).stdio
    assert (bool(stdio.stdin), stdio.stderr, stdio.terminal) == (True, "", True)


async def test_a_failed_start_is_told_to_who_is_attached(world: World) -> None:
    container_id = await world.run("web")
    exec_id, attachment = await begin(world, ExecConfig(cmd=("nosuch",), attach_stderr=True))
    ((stream, text),) = await output(attachment)
    assert stream == 1
    assert b"executable file not found" in text
    assert text.endswith(b"\r\n")
    assert world.engine.execs.inspect(exec_id).exit_code == 127
    assert not world.containerd.state.tasks[container_id].execs
    assert world.stream(container_id, exec_id).abandoned


async def test_streams_that_were_open_before_its_user_was_missed_are_let_go(world: World) -> None:
    container_id = await world.run("web")
    world.host.users["ghost"] = ProcessUser(uid=1000, home="/")
    exec_id = await world.engine.execs.create("web", ExecConfig(cmd=("ls",), user="ghost"))
    del world.host.users["ghost"]
    with pytest.raises(InvalidArgument, match="unable to find user ghost"):
        await world.engine.execs.start(exec_id, detach=True)
    stream = world.streams.made.get((container_id, exec_id))
    assert stream is None or stream.abandoned


async def test_a_failed_detached_start_is_the_users_mistake(world: World) -> None:
    await world.run("web")
    exec_id = await world.engine.execs.create("web", ExecConfig(cmd=("nosuch",)))
    with pytest.raises(InvalidArgument, match="executable file not found"):
        await world.engine.execs.start(exec_id, detach=True)
    assert world.engine.execs.inspect(exec_id).exit_code == 127


async def test_streams_that_cannot_be_made_fail_the_start(world: World) -> None:
    await world.run("web")
    world.streams.failure = PierError("no space left on device")
    exec_id, attachment = await begin(world)
    assert await output(attachment) == [(1, b"no space left on device\r\n")]
    assert world.engine.execs.inspect(exec_id).exit_code == 126


async def test_it_can_be_started_once(world: World) -> None:
    await world.run("web")
    exec_id, attachment = await begin(world)
    with pytest.raises(Conflict, match=f"^exec command {exec_id} is already running"):
        await world.engine.execs.start(exec_id, detach=True)
    world.end(world.container("web").id, 0, exec_id)
    await output(attachment)
    with pytest.raises(Conflict, match=f"^exec command {exec_id} has already run"):
        await world.engine.execs.start(exec_id, detach=True)
    await world.engine.containers.stop("web")
    with pytest.raises(Conflict, match="is not running"):
        await world.engine.execs.start(exec_id, detach=True)


async def test_a_start_in_a_container_that_has_stopped_meanwhile_finds_nothing_to_start(world: World) -> None:
    await world.run("web")
    exec_id = await world.engine.execs.create("web", SERVE)
    await world.engine.containers.stop("web")
    await world.turns()
    for absent in (exec_id, "gone"):
        with pytest.raises(NotFound, match="No such exec instance"):
            await world.engine.execs.start(absent, detach=False)


async def test_a_client_that_hangs_up_leaves_a_whole_exec(world: World) -> None:
    await world.run("web")
    exec_id = await world.engine.execs.create("web", SERVE)
    world.containerd.state.gates["tasks.add_exec"] = gate = asyncio.Event()
    async with asyncio.TaskGroup() as clients:
        client = clients.create_task(world.engine.execs.start(exec_id, detach=False))
        await world.until(lambda: world.calls("tasks.add_exec"))
        client.cancel()
    gate.set()
    await world.until(lambda: world.engine.execs.inspect(exec_id).running)


# -- streams and size -------------------------------------------------------------------------------------------------


async def test_the_end_of_the_clients_input_closes_stdin_except_of_a_terminal(world: World) -> None:
    container_id = await world.run("web")
    exec_id, attachment = await begin(world, ExecConfig(cmd=("cat",), attach_stdin=True, attach_stdout=True))
    await attachment.write(b"in")
    assert await attachment.close_stdin()
    stream = world.stream(container_id, exec_id)
    assert (stream.stdin, stream.stdin_closed) == (b"in", True)
    assert world.containerd.tasks.closed_stdin == [(container_id, exec_id)]
    _, terminal = await begin(world, ExecConfig(cmd=("sh",), attach_stdin=True, attach_stdout=True, tty=True))
    assert not await terminal.close_stdin()


async def test_detach_keys_of_a_terminal(world: World) -> None:
    await world.run("web")
    config = ExecConfig(cmd=("sh",), attach_stdin=True, attach_stdout=True, tty=True, detach_keys="q")
    exec_id, attachment = await begin(world, config)
    with pytest.raises(Detached) as detached:
        await attachment.write(b"q")
    assert detached.value.told == "exec attach failed: error on attach stdin: read escape sequence\r\n"
    seen = world.engine.execs.inspect(exec_id)  # as dockerd shows it, although the process goes on
    assert (seen.running, seen.exit_code) == (False, 126)
    world.end(world.container("web").id, 3, exec_id)
    await world.until(lambda: world.engine.execs.inspect(exec_id).exit_code == 3)


async def test_the_size_at_start_beats_the_one_at_create(world: World) -> None:
    await world.run("web")
    config = ExecConfig(cmd=("sh",), tty=True, console_size=(24, 80))
    for size, expected in ((None, (24, 80)), ((50, 132), (50, 132))):
        exec_id = await world.engine.execs.create("web", config)
        await world.engine.execs.start(exec_id, detach=True, console_size=size)
        # In the document, not by a resize that follows: the process may look before that.
        shown = world.containerd.tasks.exec_documents[exec_id]["consoleSize"]
        assert shown == dict(zip(("height", "width"), expected, strict=True))


async def test_resize_waits_for_the_process(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    container_id = await world.run("web")
    exec_id = await world.engine.execs.create("web", ExecConfig(cmd=("sh",), tty=True))
    async with asyncio.TaskGroup() as clients:
        clients.create_task(world.engine.execs.resize(exec_id, 40, 100))
        await world.turns()
        await world.engine.execs.start(exec_id, detach=True)
    assert world.containerd.tasks.resizes == [(container_id, exec_id, 100, 40)]
    monkeypatch.setattr(execs, "READY_PATIENCE", 0.01)
    idle = await world.engine.execs.create("web", SERVE)
    with pytest.raises(PierError, match="timeout waiting for exec session ready"):
        await world.engine.execs.resize(idle, 1, 1)


async def test_resize_tells_why_there_is_nothing_to_resize(world: World) -> None:
    container_id = await world.run("web")
    failed, attachment = await begin(world, ExecConfig(cmd=("nosuch",), tty=True))
    await output(attachment)
    with pytest.raises(InvalidArgument, match="exec process is not started"):
        await world.engine.execs.resize(failed, 1, 1)
    ended, _ = await begin(world)
    world.end(container_id, 0, ended)
    await exit_code(world, ended)
    with pytest.raises(NotFound, match="process does not exist"):
        await world.engine.execs.resize(ended, 1, 1)
    running, _ = await begin(world)
    await world.engine.containers.pause("web")
    with pytest.raises(Conflict, match="is paused"):
        await world.engine.execs.resize(running, 1, 1)
    await world.engine.containers.unpause("web")
    await world.engine.containers.kill("web", "")
    await world.until(lambda: not world.container("web").state.has_task)
    with pytest.raises(Conflict, match=f"container {container_id} is not running"):
        await world.engine.execs.resize(running, 1, 1)


async def test_an_exec_that_was_never_started_ends_with_the_run_it_was_made_for(world: World) -> None:
    await world.run("web")
    idle = await world.engine.execs.create("web", SERVE)
    await world.engine.containers.restart("web")
    fresh = await world.engine.execs.create("web", SERVE)

    def is_forgotten() -> bool:
        try:
            world.engine.execs.inspect(idle)
        except NotFound:
            return True
        return False

    await world.until(is_forgotten)
    assert not world.engine.execs.inspect(fresh).started


async def test_start_failures_of_the_runtime_keep_their_code(world: World) -> None:
    await world.run("web")
    world.containerd.state.failures["tasks.start"] = StartFailed("permission denied", 126)
    exec_id, attachment = await begin(world)
    await output(attachment)
    assert world.engine.execs.inspect(exec_id).exit_code == 126


async def test_a_client_that_goes_during_the_start_leaves_no_reader(world: World) -> None:
    """What nobody takes would hold the process back for ever."""
    container_id = await world.run("web")
    exec_id = await world.engine.execs.create("web", SERVE)
    world.containerd.state.gates["tasks.start"] = gate = asyncio.Event()
    async with asyncio.TaskGroup() as clients:
        client = clients.create_task(world.engine.execs.start(exec_id, detach=False))
        await world.until(lambda: (container_id, exec_id) in world.streams.made)
        await world.turns()
        client.cancel()
        await world.turns()
        gate.set()
    await world.until(lambda: world.engine.execs.inspect(exec_id).running)
    assert all(output.closed for output in world.stream(container_id, exec_id).outputs)
