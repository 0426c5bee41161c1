"""`run`, with both clients: the foreground, the background, a terminal, and what is left afterwards."""

import re

import pytest
from support.cli import Cli
from support.engine import Engine
from support.wait import wait_for

pytestmark = [pytest.mark.root, pytest.mark.containerd]


def test_run_prints_what_the_command_prints(cli: Cli, image: str) -> None:
    done = cli("run", "--rm", image, "echo", "hello", "world").check()
    assert done.stdout == "hello world\n"


def test_run_keeps_stdout_and_stderr_apart(cli: Cli, image: str) -> None:
    done = cli("run", "--rm", image, "sh", "-c", "echo out; echo err >&2").check()
    assert (done.stdout, done.stderr) == ("out\n", "err\n")


def test_run_uses_the_images_command_when_none_is_given(cli: Cli, image: str) -> None:
    done = cli("run", "--rm", "-i", image, input_text="echo from-the-shell\n").check()
    assert done.stdout == "from-the-shell\n"


def test_run_under_container_noun_is_the_same(cli: Cli, image: str) -> None:
    assert cli.out("container", "run", "--rm", image, "echo", "x") == "x"


def test_run_rm_leaves_no_container(cli: Cli, image: str, engine: Engine) -> None:
    cli("run", "--rm", "--name", "gone", image, "true").check()
    assert engine.call("GET", "/containers/gone/json").status == 404


def test_run_without_rm_leaves_an_exited_container(cli: Cli, image: str) -> None:
    cli("run", "--name", "stays", image, "true").check()
    assert cli.out("ps", "--all", "--format", "{{.Names}} {{.State}}") == "stays exited"


def test_detached_run_prints_the_full_id(cli: Cli, image: str) -> None:
    container_id = cli.out("run", "--detach", image, "sleep", "100")
    assert re.fullmatch("[0-9a-f]{64}", container_id)
    assert cli.out("container", "ls", "--quiet", "--no-trunc") == container_id


def test_ls_quiet_prints_short_ids_of_all_containers(cli: Cli, image: str) -> None:
    running = cli.out("run", "-d", image, "sleep", "100")
    exited = cli.out("run", "-d", image, "true")
    cli.out("wait", exited)
    assert cli.out("container", "ls", "--quiet") == running[:12]
    assert cli.out("container", "ls", "--all", "--quiet").split() == [exited[:12], running[:12]]


def test_standard_input_reaches_the_container_and_its_end_too(cli: Cli, image: str) -> None:
    lines = "".join(f"line {number}\n" for number in range(2000))
    done = cli("run", "--rm", "-i", image, "cat", input_text=lines).check()
    assert done.stdout == lines


def test_output_after_the_end_of_input_still_arrives(cli: Cli, image: str) -> None:
    done = cli("run", "--rm", "-i", image, "sh", "-c", "cat >/dev/null; echo after", input_text="x\n").check()
    assert done.stdout == "after\n"


def test_all_of_a_long_output_arrives_in_order(cli: Cli, image: str) -> None:
    done = cli("run", "--rm", image, "seq", "1", "200000").check()
    assert done.stdout == "".join(f"{number}\n" for number in range(1, 200001))


def test_options_reach_the_process(cli: Cli, image: str) -> None:
    options = ["--env", "FRUIT=pear", "--workdir", "/tmp", "--user", "1000:1000", "--hostname", "box"]
    done = cli("run", "--rm", *options, image, "sh", "-c", "echo $FRUIT; pwd; id -u; id -g; hostname").check()
    assert done.lines == ["pear", "/tmp", "1000", "1000", "box"]


def test_entrypoint_takes_the_place_of_the_images(cli: Cli, image: str) -> None:
    assert cli.out("run", "--rm", "--entrypoint", "echo", image, "a", "b") == "a b"


def test_a_bind_mount_and_a_named_volume_hold_what_is_written(cli: Cli, image: str, engine: Engine) -> None:
    folder = engine.data_root / "shared-with-test"
    folder.mkdir()
    try:
        mounts = ["-v", f"{folder}:/host", "-v", "kept:/kept"]
        cli("run", "--rm", *mounts, image, "sh", "-c", "echo one > /host/file; echo two > /kept/file").check()
        assert (folder / "file").read_text() == "one\n"
        assert cli.out("run", "--rm", "-v", "kept:/kept:ro", image, "cat", "/kept/file") == "two"
    finally:
        (folder / "file").unlink(missing_ok=True)
        folder.rmdir()
        engine.call("DELETE", "/volumes/kept")


def test_a_read_only_root_refuses_writes(cli: Cli, image: str) -> None:
    done = cli("run", "--rm", "--read-only", image, "touch", "/file")
    assert done.code == 1
    assert "Read-only file system" in done.stderr


def test_interactive_terminal_is_a_real_one(cli: Cli, image: str) -> None:
    with cli.on_terminal("run", "--rm", "-it", image, "sh", rows=33, columns=99) as terminal:
        terminal.send("tty; test -t 0 && test -t 1 && test -t 2 && echo all-tty\n")
        terminal.expect("/dev/pts/0")
        terminal.expect("all-tty")
        terminal.send("exit 7\n")
        assert terminal.wait() == 7


def test_the_terminal_has_the_clients_size_and_follows_it(cli: Cli, image: str) -> None:
    with cli.on_terminal("run", "--rm", "-it", image, "sh", rows=33, columns=99) as terminal:

        def size_is(size: str) -> bool:
            # The quotes keep the word out of what the shell echoes: a change of size makes it draw
            # the half-typed line anew, so what is on the screen of the typing is nobody's to know.
            terminal.send("echo si''ze $(stty size).\n")
            terminal.expect("size ")
            return terminal.expect(".").strip() == size

        wait_for(lambda: size_is("33 99"), what="the size at the start")

        def follows() -> bool:  # a client that is not listening for changes yet hears of the next one
            terminal.resize(44, 110)
            terminal.resize(44, 111)
            return size_is("44 111")

        wait_for(follows, what="the size after the change")
        terminal.send("exit\n")
        assert terminal.wait() == 0


def test_the_clients_terminal_is_as_before_at_the_end(cli: Cli, image: str) -> None:
    with cli.on_terminal("run", "--rm", "-it", image, "sh") as terminal:
        terminal.send("echo re''ady\n")
        terminal.expect("ready")
        terminal.send("exit\n")
        assert terminal.wait() == 0
        assert terminal.settings() == terminal.before


def test_control_c_reaches_the_process_in_the_terminal(cli: Cli, image: str) -> None:
    with cli.on_terminal(
        "run", "--rm", "-it", image, "sh", "-c", "trap 'exit 9' INT; echo re''ady; sleep 60 & wait"
    ) as t:
        t.expect("ready")
        t.send("\x03")
        assert t.wait() == 9


def test_detach_keys_leave_the_container_running(cli: Cli, image: str, engine: Engine) -> None:
    with cli.on_terminal("run", "-it", "--name", "left", image, "sh") as terminal:
        terminal.send("echo re''ady\n")
        terminal.expect("ready")
        terminal.send("\x10\x11")
        terminal.wait()
        assert terminal.settings() == terminal.before
    assert engine.call("GET", "/containers/left/json").json()["State"]["Running"] is True
    with cli.on_terminal("attach", "left") as terminal:
        terminal.send("echo back''again\n")
        terminal.expect("backagain")
        terminal.send("exit 5\n")
        assert terminal.wait() == 5


def test_signals_to_the_client_are_passed_on(cli: Cli, image: str) -> None:
    script = "trap 'echo caught; exit 3' INT; echo ready; while :; do sleep 0.1; done"
    with cli.on_terminal("run", "--rm", image, "sh", "-c", script) as terminal:
        terminal.expect("ready")
        terminal.interrupt()
        terminal.expect("caught")
        assert terminal.wait() == 3


def test_cidfile_holds_the_id(cli: Cli, image: str, engine: Engine) -> None:
    path = engine.data_root / "cid"
    try:
        container_id = cli.out("run", "-d", "--cidfile", str(path), image, "sleep", "100")
        assert path.read_text() == container_id
    finally:
        path.unlink(missing_ok=True)
