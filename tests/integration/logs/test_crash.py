"""Output survives kill -9 of its reader, at full speed: every line is in the log, once, in order."""

import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from support.wait import wait_for

READER = Path(__file__).with_name("log_reader.py")
KILLS = 10

# Holds both ends of its FIFOs, as containerd's shim does, so that it waits while nobody reads. Writes numbered lines,
# one stream much more than the other, in writes that do not end where lines end. Of so many parts each waits for a byte
# on stdin, so that it cannot come to its end before the test has.
WRITER = """
import os, sys
out, err = (os.open(path, os.O_RDWR) for path in sys.argv[1:3])
lines = [b"%d %s\\n" % (n, b"x" * (n % 150)) for n in range(int(sys.argv[3]))]
errors = b"".join(b"%d\\n" % n for n in range(int(sys.argv[3]) // 100))
data = b"".join(lines)
step, share, free = 50021, len(data) // int(sys.argv[4]) + 1, 0
for start in range(0, len(data), step):
    if start >= free:
        sys.stdin.buffer.raw.read(1)
        free += share
    os.write(out, data[start : start + step])
    part = len(errors) * start // len(data), len(errors) * min(len(data), start + step) // len(data)
    os.write(err, errors[slice(*part)])
"""


@pytest.fixture
def exec_root() -> Iterator[Path]:
    """On a tmpfs, as /run is."""
    folder = Path(tempfile.mkdtemp(dir="/dev/shm", prefix="pier-test-"))
    yield folder
    # The keeper, unless it has ended by itself: it does after a second without anybody.
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
        probe.connect(str(folder / "keeper.sock"))
        os.kill(struct.unpack("3i", probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0], signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


def start(exec_root: Path, log: Path, verb: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(READER), str(exec_root), str(log), verb]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def wait_ready(reader: subprocess.Popen[str]) -> None:
    assert reader.stdout is not None
    assert reader.stdout.readline() == "ready\n"


def finish(reader: subprocess.Popen[str]) -> None:
    out, _ = reader.communicate("\n", timeout=60)
    assert out.splitlines()[-1] == "finished"
    assert reader.returncode == 0


def kill(reader: subprocess.Popen[str]) -> None:
    reader.kill()
    reader.communicate()


def logged(log: Path) -> dict[str, str]:
    """All text by stream; checks on the way that times never go back."""
    files = sorted(log.parent.glob("log*"), key=lambda file: -int(file.suffix[1:] or 0) if file.suffix else 0)
    text: dict[str, list[str]] = {"stdout": [], "stderr": []}
    last = ""
    for file in files:
        for line in file.read_bytes().splitlines():
            entry = json.loads(line)
            text[entry["stream"]].append(entry["log"])
            stamp = entry["time"].rstrip("Z").ljust(30, "0")
            assert stamp >= last
            last = stamp
    return {stream: "".join(parts) for stream, parts in text.items()}


def check(log: Path, count: int) -> None:
    text = logged(log)
    assert text["stdout"] == "".join(f"{n} {'x' * (n % 150)}\n" for n in range(count))
    assert text["stderr"] == "".join(f"{n}\n" for n in range(count // 100))


def write(exec_root: Path, count: int, parts: int = 1) -> subprocess.Popen[bytes]:
    fifos = [str(exec_root / "io" / "c1" / name) for name in ("stdout", "stderr")]
    command = [sys.executable, "-c", WRITER, *fifos, str(count), str(parts)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, bufsize=0)


def written(writer: subprocess.Popen[bytes]) -> int:
    """Bytes so far (proc(5), io)."""
    return int(Path(f"/proc/{writer.pid}/io").read_text().partition("wchar: ")[2].split()[0])


def test_a_reader_killed_again_and_again_loses_and_repeats_nothing(exec_root: Path, tmp_path: Path) -> None:
    count = 1_500_000
    seed = time.time_ns()
    print(f"seed {seed}")
    moments = random.Random(seed)
    log = tmp_path / "log"
    reader = start(exec_root, log, "open")
    wait_ready(reader)
    writer = write(exec_root, count, KILLS + 1)
    assert writer.stdin is not None
    part = sum(len(str(n)) + n % 150 + 2 for n in range(count)) // (KILLS + 1)
    for number in range(KILLS):
        writer.stdin.write(b".")
        if moments.random() < 0.2:
            time.sleep(moments.uniform(0.0, 0.1))  # in its start, as a rule: it takes longer
        else:  # in full flight, be the machine fast or slow
            aim = part * (number + moments.random())
            wait_for(lambda aim=aim: written(writer) >= aim, what="it reads", interval=0.001)  # type: ignore[misc]
        kill(reader)
        reader = start(exec_root, log, "reopen")
    writer.communicate(timeout=60)
    assert writer.returncode == 0
    finish(reader)
    check(log, count)
    assert not (exec_root / "io" / "c1").exists()


def test_a_process_that_ends_while_nobody_reads_loses_nothing(exec_root: Path, tmp_path: Path) -> None:
    count = 500  # fits into the FIFO
    log = tmp_path / "log"
    reader = start(exec_root, log, "open")
    wait_ready(reader)
    kill(reader)
    writer = write(exec_root, count)
    writer.communicate(timeout=30)
    assert writer.returncode == 0
    reader = start(exec_root, log, "reopen")
    wait_ready(reader)
    finish(reader)
    check(log, count)
