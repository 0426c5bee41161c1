"""pierd when containerd is not there: it starts, says so, and recovers; containers outlive containerd."""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import load_image
from support import leaks
from support.containerd import Containerd
from support.engine import Engine
from support.wait import wait_for

pytestmark = [pytest.mark.root, pytest.mark.containerd]


@pytest.fixture
def own_containerd() -> Iterator[Containerd]:
    """A containerd that this test may stop and start; not yet started."""
    directory = Path(tempfile.mkdtemp(prefix="pier-away-"))
    one = Containerd(directory)
    yield one
    one.stop()
    shutil.rmtree(directory, ignore_errors=True)


def test_pierd_starts_without_containerd_says_503_and_recovers(
    own_containerd: Containerd, new_engine: Callable[..., Engine], image: str
) -> None:
    engine = new_engine(address=own_containerd.address).start()
    assert engine.call("GET", "/_ping").status == 200
    for method, target, body in (
        ("POST", "/containers/create", {"Image": image, "Cmd": ["true"]}),
        ("POST", "/images/create?fromImage=127.0.0.1:1/x&tag=latest", None),
        ("GET", "/images/json", None),
    ):
        reply = engine.call(method, target, body)
        assert reply.status == 503, (target, reply.body)
        assert "containerd" in reply.message
    done = engine.pier("run", "--rm", image, "true")
    assert done.code == 125
    assert "containerd" in done.stderr

    own_containerd.start()
    wait_for(lambda: engine.call("GET", "/images/json").status == 200, what="pierd recovers", timeout=30)
    load_image(engine)
    assert engine.docker("run", "--rm", image, "echo", "back").check().stdout == "back\n"


def test_containers_and_their_exit_codes_outlive_a_restart_of_containerd(
    own_containerd: Containerd, new_engine: Callable[..., Engine], image: str
) -> None:
    own_containerd.start()
    engine = new_engine(address=own_containerd.address).start()
    load_image(engine)
    script = "while [ ! -e /go ]; do sleep 0.05; done; exit 11"
    engine.docker("run", "-d", "--name", "lasting", image, "sh", "-c", script).check()
    own_containerd.stop(keep_containers=True)
    wait_for(lambda: engine.call("GET", "/images/json").status == 503, what="pierd notices", timeout=30)
    assert engine.call("GET", "/containers/lasting/json").json()["State"]["Running"] is True
    own_containerd.start()
    wait_for(lambda: engine.call("GET", "/images/json").status == 200, what="pierd recovers", timeout=30)
    engine.docker("exec", "lasting", "touch", "/go")
    assert engine.docker("wait", "lasting").check().last == "11"
    engine.docker("rm", "lasting").check()


@pytest.mark.parametrize("pierd", ["stays", "is killed too"])
def test_an_exit_while_containerd_is_away_has_its_true_code(
    own_containerd: Containerd, new_engine: Callable[..., Engine], image: str, pierd: str
) -> None:
    """containerd 1 keeps the code, 2 throws it away: then the kernel tells it."""
    own_containerd.start()
    engine = new_engine(address=own_containerd.address).start()
    load_image(engine)
    before = leaks.take(engine)
    script = "trap 'exit 11' TERM; while :; do :; done"
    engine.docker("run", "-d", "--name", "ending", image, "sh", "-c", script).check()
    pid = engine.call("GET", "/containers/ending/json").json()["State"]["Pid"]
    own_containerd.stop(keep_containers=True)
    if pierd != "stays":
        engine.kill()
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not Path(f"/proc/{pid}").exists(), what="the process is gone")
    ended = datetime.now(UTC)
    own_containerd.start()
    if pierd != "stays":
        engine.start()

    assert engine.docker("wait", "ending").check().last == "11"
    state = engine.call("GET", "/containers/ending/json").json()["State"]
    assert (state["Status"], state["Error"]) == ("exited", "")
    if pierd == "stays":
        assert datetime.fromisoformat(state["FinishedAt"]) <= ended  # when it ended, not when it was found
    engine.docker("rm", "ending").check()
    leaks.assert_nothing_left(engine, before)
