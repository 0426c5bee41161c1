import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from benchmark import processes
from benchmark.engine import Engine
from benchmark.marks import CheckFailed
from fakes.small_engine import SmallEngine

TABLE = """\
Num       RefCount Protocol Flags    Type St Inode Path
0000: 00000002 00000000 00010000 0001 01 111 /run/x.sock
0000: 00000003 00000000 00000000 0001 03 112 /run/x.sock
0000: 00000002 00000000 00010000 0001 01 113 /run/other.sock
0000: 00000002 00000000 00010000 0001 01 114
"""


def test_descendants() -> None:
    assert processes.below({2}, {1: 0, 2: 1, 3: 2, 4: 3, 5: 1}) == {2, 3, 4}


def test_ancestors_end_before_the_first_process() -> None:
    assert list(processes.ancestors(4, {1: 0, 2: 1, 3: 2, 4: 3})) == [3, 2]
    assert list(processes.ancestors(9, {})) == []


def test_only_listening_sockets_of_that_path_count() -> None:
    assert processes.listening_inodes("/run/x.sock", TABLE) == {"111"}
    assert processes.listening_inodes("/run/none.sock", TABLE) == set()


def test_the_listener_is_found_by_any_name_of_the_socket(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "s"))
        sock.listen()
        assert processes.listeners(str(tmp_path / "link" / "s")) == {os.getpid()}
    assert processes.listeners(str(tmp_path / "s")) == set()


def test_a_socket_without_a_process_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(CheckFailed, match="listens on"):
        processes.daemon_pids(Engine("a", str(tmp_path / "s")))


def test_footprint_counts_further_processes_but_not_itself(
    fakes: list[SmallEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        monkeypatch.setattr(processes, "process_tree", lambda: {os.getpid(): 1, child.pid: 1})
        sizes = processes.footprint(Engine("a", str(fakes[0].path), (str(child.pid),)))
    finally:
        child.communicate(b"\n")
    assert set(sizes) == {child.pid}
    assert sizes[child.pid][1] > 100


def test_sizes_by_name() -> None:
    assert processes.by_name({1: ("shim", 5), 2: ("shim", 6), 3: ("pierd", 7)}) == {"shim": 11, "pierd": 7}


def test_cpu_time_and_end_of_a_process() -> None:
    assert processes.cpu_ms([os.getpid()]) > 0
    assert not processes.has_ended(os.getpid())
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert processes.has_ended(child.pid)  # dead, and not yet reaped
    child.wait()
    assert processes.has_ended(child.pid)
    assert processes.cpu_ms([child.pid]) == 0


def test_cpu_time_where_the_kernel_counts_only_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = processes.cpu_ms([os.getpid()])
    monkeypatch.setattr(os.path, "exists", lambda path: False)
    assert processes.cpu_ms([os.getpid()]) == pytest.approx(exact, rel=0.5, abs=100)
    assert processes.ticks(0) == 0


def test_the_tree_knows_its_own() -> None:
    assert processes.process_tree()[os.getpid()] == os.getppid()
