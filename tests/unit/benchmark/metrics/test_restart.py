import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from benchmark.engine import Engine
from benchmark.marks import CheckFailed
from benchmark.metrics import restart
from benchmark.processes import listeners
from benchmark.session import Bench
from fakes.small_engine import SmallEngine
from support.wait import wait_for

NewBench = Callable[..., Bench]
DAEMON = """\
import json, os, socketserver, sys, http.server
path, count = sys.argv[1:]
class Server(socketserver.UnixStreamServer): pass
class Handler(http.server.BaseHTTPRequestHandler):
    looks = 0
    def do_GET(self):
        Handler.looks += 1  # the second look is the first that shows all
        rows = [{"Id": str(i), "State": "running" if Handler.looks > 1 else "exited"} for i in range(int(count))]
        body = json.dumps(rows).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass
    def address_string(self): return ""
if os.path.exists(path): os.unlink(path)
Server(path, Handler).serve_forever()
"""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[tuple[Engine, str]]:
    """An engine that is a process of its own, with two containers, and the command that starts it."""
    (tmp_path / "daemon.py").write_text(DAEMON)
    socket = str(tmp_path / "d.sock")
    command = f"exec {sys.executable} {tmp_path}/daemon.py {socket} 2"
    process = subprocess.Popen(["sh", "-c", command])
    engine = Engine("d", socket)
    wait_for(lambda: restart.running(engine), what="the daemon answers")
    yield engine, command
    for pid in listeners(socket):
        os.kill(pid, signal.SIGKILL)
    process.wait(10)


def test_from_the_start_to_the_whole_list(daemon: tuple[Engine, str]) -> None:
    engine, command = daemon
    before = listeners(engine.sock)
    took = restart.restart_once(engine, command, {"0", "1"})
    assert took > 0
    assert len(before) == len(listeners(engine.sock)) == 1
    assert not before & listeners(engine.sock)


def test_a_command_that_fails(daemon: tuple[Engine, str]) -> None:
    with pytest.raises(CheckFailed, match="`exit 3` ended with 3 before the engine answered"):
        restart.restart_once(daemon[0], "exit 3", {"0"})


def test_containers_that_do_not_come_back(daemon: tuple[Engine, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restart, "START_SECONDS", 0.5)
    with pytest.raises(CheckFailed, match="not all running again"):
        restart.restart_once(daemon[0], daemon[1], {"0", "9"})


def test_no_restart_that_would_end_containers(new_bench: NewBench, fakes: list[SmallEngine]) -> None:
    fakes[0].answer("GET", "/info", {"LiveRestoreEnabled": False})
    bench = new_bench("restart", restart={"a": "true"}, restart_count=2)
    restart.restart(bench)
    assert "without live-restore" in bench.rows["restart.n2"].failures["a"][0]
    assert not fakes[0].made


def test_it_is_skipped_without_a_command(new_bench: NewBench, capsys: pytest.CaptureFixture[str]) -> None:
    bench = new_bench("restart")
    restart.restart(bench)
    assert not bench.rows
    assert "skipped, no --restart" in capsys.readouterr().err


def test_the_fleet_is_made_and_removed(
    new_bench: NewBench, fakes: list[SmallEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes[0].answer("GET", "/info", {"LiveRestoreEnabled": True})
    fleets: list[set[str]] = []

    def once(engine: Engine, command: str, fleet: set[str]) -> float:
        fleets.append(set(fleet))
        assert fleet == restart.running(engine)
        return 5.0

    monkeypatch.setattr(restart, "restart_once", once)
    bench = new_bench("restart", restart={"a": "true"}, restart_count=3)
    restart.restart(bench)
    assert [len(fleet) for fleet in fleets] == [3]
    assert bench.rows["restart.n3"].values == {"a": [5.0]}
    assert not fakes[0].containers
