"""`rm -f $(ls -aq)`: everything goes, whatever state it is in, and nothing is left on the host."""

import pytest
from support import leaks
from support.cli import Cli
from support.engine import Engine
from support.fetch import free_port

pytestmark = [pytest.mark.root, pytest.mark.containerd]


def test_remove_of_all_leaves_nothing(cli: Cli, image: str, engine: Engine) -> None:
    before = leaks.take(engine)
    sleeper = [image, "sleep", "300"]
    cli.out("run", "-d", "-p", f"{free_port()}:80", "-v", "/data", *sleeper)
    cli.out("run", "-d", "--memory", "32m", "--network", "none", *sleeper)
    cli.out("run", "-d", "-t", "--network", "host", *sleeper)
    cli.out("run", "-d", "--name", "paused", *sleeper)
    cli.out("pause", "paused")
    cli.out("create", *sleeper)
    cli("run", image, "true").check()
    cli("run", image, "no-such-command")
    cli.out("run", "-d", "--name", "busy", *sleeper)
    cli("exec", "-d", "busy", "sleep", "300").check()

    ids = cli.out("container", "ls", "--all", "--quiet").split()
    assert len(ids) == 8
    held = leaks.more_than(before, leaks.take(engine))
    for kind in ("containers", "tasks", "snapshots", "mounts", "files", "bridge ports", "cgroups", "shims"):
        assert held.get(kind), f"the check sees no {kind} while containers run"
    assert cli.out("rm", "--force", "--volumes", *ids).split() == ids
    assert cli.out("container", "ls", "--all", "--quiet") == ""
    leaks.assert_nothing_left(engine, before)


def test_a_create_that_is_never_started_leaves_nothing(cli: Cli, image: str, engine: Engine) -> None:
    before = leaks.take(engine)
    container_id = cli.out("create", "--name", "never", "-p", "80", image, "true")
    assert cli.out("rm", "never") == "never"
    assert len(container_id) == 64
    leaks.assert_nothing_left(engine, before)


def test_many_short_runs_leave_nothing(image: str, engine: Engine) -> None:
    before = leaks.take(engine)
    for number in range(10):
        assert engine.docker("run", "--rm", image, "echo", str(number)).check().stdout == f"{number}\n"
    leaks.assert_nothing_left(engine, before)
