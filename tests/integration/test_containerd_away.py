"""pierd when containerd is not there: it starts, says so, and recovers; containers outlive containerd."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import load_image
from support import leaks
from support.containerd import Containerd
from support.engine import Engine
from support.facilities import find_docker_cli
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


COUNT = "i=0; while [ ! -e /%s ]; do i=$((i+1)); echo line $i; usleep 20000; done; exit %d"


@pytest.fixture
def clients(tmp_path: Path) -> Iterator[Callable[..., "Client"]]:
    """Starts clients, and ends those that are still there."""
    started: list[Client] = []

    def start(engine: Engine, *words: str) -> Client:
        started.append(Client(engine, words, tmp_path / f"client-{len(started)}"))
        return started[-1]

    yield start
    for client in started:
        client.process.kill()
        client.process.wait()


class Client:
    """A docker CLI that runs beside the test, and what it has printed so far."""

    def __init__(self, engine: Engine, words: tuple[str, ...], output: Path) -> None:
        self._output = output
        with output.open("wb") as file:
            self.process = subprocess.Popen(
                [find_docker_cli(), "-H", engine.host, *words], stdin=subprocess.DEVNULL, stdout=file, stderr=file
            )

    @property
    def lines(self) -> list[str]:
        return self._output.read_text().splitlines()

    def wait_for_lines(self, count: int) -> None:
        wait_for(lambda: len(self.lines) >= count, what=f"{count} lines have come")

    def ends_with(self, code: int) -> bool:
        return self.process.wait(30) == code


def test_streams_go_on_while_containerd_is_away_and_end_truly_when_it_is_back(
    own_containerd: Containerd, new_engine: Callable[..., Engine], image: str, clients: Callable[..., Client]
) -> None:
    own_containerd.start()
    engine = new_engine(address=own_containerd.address).start()
    load_image(engine)
    events = clients(engine, "events", "--format", "{{.Action}} {{.Actor.Attributes.exitCode}}")
    engine.docker("run", "-d", "--name", "counter", image, "sh", "-c", COUNT % ("go", 7)).check()
    logs = clients(engine, "logs", "-f", "counter")
    attach = clients(engine, "attach", "--no-stdin", "--sig-proxy=false", "counter")
    run = clients(engine, "exec", "counter", "sh", "-c", COUNT % ("end", 5))
    for client in (logs, attach, run):
        client.wait_for_lines(1)
    own_containerd.stop(keep_containers=True)
    wait_for(lambda: engine.call("GET", "/images/json").status == 503, what="pierd notices", timeout=30)

    for client in (logs, attach, run):
        client.wait_for_lines(len(client.lines) + 5)
    for target in ("json?all=1", "counter/json", "counter/logs?stdout=1", "counter/stats?stream=0"):
        assert engine.call("GET", f"/containers/{target}").status == 200, target
    for method, target in (("POST", "pause"), ("POST", "stop?t=0"), ("POST", "kill"), ("DELETE", "?force=1")):
        reply = engine.call(method, f"/containers/counter/{target}".rstrip("/"))
        assert (reply.status, "containerd" in reply.message) == (503, True), (target, reply.body)
    own_containerd.start()
    wait_for(lambda: engine.call("GET", "/images/json").status == 200, what="pierd recovers", timeout=30)
    engine.docker("exec", "counter", "touch", "/end").check()
    assert run.ends_with(5)
    engine.docker("exec", "counter", "touch", "/go")  # it ends the container, perhaps before that one
    assert engine.docker("wait", "counter").check().last == "7"
    assert logs.ends_with(0)
    assert attach.ends_with(7)
    assert logs.lines == [f"line {number}" for number in range(1, len(logs.lines) + 1)]
    assert logs.lines[-1] == attach.lines[-1]
    wait_for(lambda: "die 7" in events.lines, what="the event arrives")
    assert events.process.poll() is None
    assert [line.split()[0] for line in events.lines].count("die") == 1
    engine.docker("rm", "counter").check()


@pytest.mark.parametrize("pierd", ["stays", "is killed too"])
def test_an_exit_while_containerd_is_away_has_its_true_code(
    own_containerd: Containerd, new_engine: Callable[..., Engine], image: str, pierd: str
) -> None:
    """containerd 1 keeps the code, 2 throws it away: then the kernel tells it."""
    own_containerd.start()
    engine = new_engine(address=own_containerd.address).start()
    load_image(engine)
    before = leaks.take(engine)
    script = "trap 'exit 11' TERM; echo up; while :; do :; done"
    engine.docker("run", "-d", "--name", "ending", image, "sh", "-c", script).check()
    wait_for(lambda: engine.docker("logs", "ending").stdout, what="the trap is set")
    pid = engine.call("GET", "/containers/ending/json").json()["State"]["Pid"]
    own_containerd.stop(keep_containers=True)
    if pierd != "stays":
        engine.kill()
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not Path(f"/proc/{pid}").exists(), what="the process is gone")
    assert pierd != "stays" or engine.answers()  # it hears of the end before it hears this question
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
