"""Bytes through an engine: logs, attach, exec's stdin, and copies in and out. Every byte is compared."""

import base64
import io
import json
import os
import tarfile
from collections.abc import Callable

from benchmark.catalogue import metric
from benchmark.client import TAR
from benchmark.engine import Engine
from benchmark.framing import demux
from benchmark.image_data import LINES, tar_of
from benchmark.marks import MB, expect, now
from benchmark.session import Bench, pets


def verify_lines(payload: bytes, blocks: int) -> None:
    """CheckFailed unless the payload is that many times LINES, byte for byte."""
    size = len(LINES)
    same = all(payload[i * size : (i + 1) * size] == LINES for i in range(blocks))
    lines, wanted = payload.count(b"\n"), blocks * LINES.count(b"\n")
    expect(lines == wanted, f"{lines} lines came back of {wanted}")
    expect(same and len(payload) == blocks * size, "the bytes came back changed")


def write_lines(blocks: int) -> list[str]:
    """The command of a container that writes LINES so many times to stdout."""
    return ["sh", "-c", f"i=0; while [ $i -lt {blocks} ]; do cat /lines; i=$((i+1)); done"]


@metric("logs_write", "logs_read")
def logs(bench: Bench) -> None:
    """100-byte lines to stdout, from the start to the exit; then all of them by the logs request."""
    blocks = 2 if bench.options.quick else bench.options.log_mb // 10
    size = blocks * len(LINES) / MB
    for engine in bench.rounds(2, quick=1):
        with bench.check("logs_write", engine, "MB/s"):
            cid = engine.create(write_lines(blocks))
            began = now()
            engine.start(cid)
            code = engine.wait(cid)
            took = now() - began
            expect(code == 0, f"exit code {code}")
            stream = engine.stream("GET", f"/containers/{cid}/logs?stdout=1")
            verify_lines(demux(stream.reply.body), blocks)
            bench.add("logs_write", engine, size / took, "MB/s")
            bench.add("logs_read", engine, size / (stream.ended - stream.sent), "MB/s")
            engine.remove(cid)


@metric("attach_throughput")
def attach_throughput(bench: Bench) -> None:
    """The same through attach with log driver none, from the first byte to the last."""
    blocks = 20
    for engine in bench.rounds(3):
        with bench.check("attach_throughput", engine, "MB/s"):
            cid = engine.create(write_lines(blocks), host={"LogConfig": {"Type": "none"}})
            path = f"/containers/{cid}/attach?stream=1&stdout=1"
            stream = engine.stream("POST", path, upgrade=True, on_open=starter(engine, cid))
            verify_lines(demux(stream.reply.body), blocks)
            rate = blocks * len(LINES) / MB / (stream.ended - stream.first)
            bench.add("attach_throughput", engine, rate, "MB/s")
            engine.remove(cid)


def starter(engine: Engine, cid: str) -> Callable[[], None]:
    """What starts a container once somebody is attached."""
    return lambda: engine.start(cid)


@metric("exec_stdin_throughput")
def exec_stdin_throughput(bench: Bench) -> None:
    """Into dd, which counts its input as wc -c does, but without a getc for every byte."""
    data = LINES * 20
    sink = ["dd", "of=/dev/null", "bs=100000", "iflag=fullblock"]
    wanted = f"{len(data) // 100_000}+0 records in"
    with pets(bench, "exec_stdin_throughput") as pet:
        for engine in bench.rounds(3):
            with bench.check("exec_stdin_throughput", engine, "MB/s"):
                output, stream = engine.exec(pet[engine.name][0], sink, memoryview(data))
                expect(wanted.encode() in output, f"dd said {output!r}")
                rate = len(data) / MB / (stream.ended - stream.opened)
                bench.add("exec_stdin_throughput", engine, rate, "MB/s")


@metric("cp_in", "cp_out")
def copies(bench: Bench) -> None:
    """A random 200 MB file by PUT and GET of the archive route."""
    data = os.urandom(200 * MB)
    archive = tar_of({"big.bin": data})
    with pets(bench, "cp_in") as pet:
        for engine in bench.rounds(3):
            with bench.check("cp_in", engine, "MB/s"):
                path = f"/containers/{pet[engine.name][0]}/archive?path="
                began = now()
                engine.call("PUT", path + "/tmp", archive, TAR)
                took = now() - began
                head = engine.call("HEAD", path + "/tmp/big.bin").headers["x-docker-container-path-stat"]
                size = json.loads(base64.b64decode(head))["size"]
                expect(size == len(data), f"{size} bytes in the container")
                bench.add("cp_in", engine, len(data) / MB / took, "MB/s")
                with bench.check("cp_out", engine, "MB/s"):
                    stream = engine.stream("GET", path + "/tmp/big.bin")
                    expect(only_file(stream.reply.body) == data, "the bytes came back changed")
                    bench.add("cp_out", engine, len(data) / MB / (stream.ended - stream.sent), "MB/s")


def only_file(archive: bytes) -> bytes:
    """The content of the first member of a tar archive."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        file = tar.extractfile(tar.getmembers()[0])
        return file.read() if file else b""
