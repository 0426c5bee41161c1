"""The keeper's answers, without a socket between."""

import errno
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.timing import busy_seconds

from pier.keeper import process
from pier.keeper.process import Keeper


@pytest.fixture
def keeper() -> Keeper:
    return Keeper(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET), "unused", 1)


def test_a_put_without_its_descriptors_is_refused_and_keeps_nothing(keeper: Keeper) -> None:
    assert keeper.answer("put a\nb", [os.dup(0)])[0].startswith("no")
    assert keeper.held == {}


def test_several_names_may_come_in_one_packet(keeper: Keeper) -> None:
    given = [os.dup(0), os.dup(0)]
    descriptors = list(given)
    assert keeper.answer("put a\nb", descriptors) == ("ok", [])
    assert descriptors == []  # the keeper's own now
    assert keeper.answer("take b", []) == ("ok", [given[1]])
    keeper.forget(["a", "b"])


def test_a_second_put_closes_the_first(keeper: Keeper) -> None:
    first = os.dup(0)
    keeper.answer("put a", [first])
    keeper.answer("put a", [os.open("/dev/null", os.O_RDONLY)])
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(first)
    keeper.forget(["a"])


@pytest.mark.parametrize("request_text", ["", "take", "take x", "drop x", "putx", "\x00"])
def test_nonsense_is_answered_no(keeper: Keeper, request_text: str) -> None:
    assert keeper.answer(request_text, [])[0].startswith("no")


def test_a_second_keeper_refuses_to_replace_a_living_one(tmp_path: Path) -> None:
    path = str(tmp_path / "k.sock")
    with process.listen(path), pytest.raises(FileExistsError):
        process.listen(path)


def test_the_socket_of_a_killed_keeper_is_replaced(tmp_path: Path) -> None:
    path = str(tmp_path / "k.sock")
    process.listen(path).close()
    with process.listen(path):
        assert os.stat(path).st_mode & 0o077 == 0


@pytest.mark.parametrize(("number", "full"), [(errno.EMFILE, True), (errno.ENFILE, True), (errno.EAGAIN, False)])
def test_it_looks_later_at_who_cannot_be_accepted(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch, number: int, full: bool
) -> None:
    class Listener:
        fileno = keeper.listener.fileno

        def accept(self) -> None:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(keeper, "listener", Listener())
    keeper.accept()
    assert keeper.is_full is full
    assert keeper.clients == {}


def test_it_does_not_spin_while_no_descriptor_is_free_and_goes_on_serving(tmp_path: Path) -> None:
    path = str(tmp_path / "k.sock")
    subprocess.run([sys.executable, "-I", "-S", process.__file__, path, "60"], check=True, timeout=20)
    with connected(path) as served, connected(path) as waiting:
        pid = int.from_bytes(served.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)[:4], sys.byteorder)
        try:
            assert ask(served, "list") == "ok "  # it has accepted this connection
            assert ask(waiting, "list") == "ok "
            soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{pid}/fd")), hard))
            with connected(path) as late:
                before = busy_seconds(pid)
                deadline = time.monotonic() + 0.5
                answers = 0
                while time.monotonic() < deadline and answers < 20:
                    assert ask(served, "list") == "ok "
                    answers += 1
                assert answers == 20  # each at once, whoever waits
                time.sleep(max(0.0, deadline - time.monotonic()))
                assert busy_seconds(pid) - before < 0.1
                resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
                assert ask(late, "list") == "ok "
        finally:
            os.kill(pid, signal.SIGKILL)


def connected(path: str) -> socket.socket:
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.settimeout(10)
    client.connect(path)
    return client


def ask(client: socket.socket, request: str) -> str:
    client.send(request.encode())
    return client.recv(process.PACKET).decode()


def test_it_needs_nothing_of_pier_and_little_of_the_library() -> None:
    code = "import sys; exec(open(sys.argv[1]).read(), {'__name__': 'process'}); print(*sys.modules)"
    command = [sys.executable, "-I", "-S", "-c", code, process.__file__]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert not {name for name in loaded if name.split(".")[0] == "pier"}
    assert not loaded & {"asyncio", "json", "logging", "subprocess", "typing", "threading"}
