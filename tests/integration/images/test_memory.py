"""pierd's memory while large layers pass through it: no layer is ever held as a whole.

Of an image of 1 GB (two layers of noise, two of text) a pull took 22 MB over idle, a load 32 and a push 22.
"""

import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from support.engine import Engine
from support.images import Node, TestImage, docker_archive
from support.registry import running_registry

pytestmark = [pytest.mark.root, pytest.mark.containerd]

LAYER = 80_000_000  # bytes
ALLOWED = 60 << 20  # bytes over idle: less than a layer


def _memory(pid: int, key: str) -> int:
    """Bytes: VmRSS is what it has, VmHWM the most that it had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{key}:")[2].split()[0]) << 10


def test_layers_pass_through_in_pieces(new_engine: Callable[..., Engine]) -> None:
    engine = new_engine().start()
    text = b"".join(b"%d: a line of a text\n" % number for number in range(LAYER // 28))
    image = TestImage([{"noise": Node(secrets.token_bytes(LAYER))}, {"text": Node(text)}])
    with running_registry() as registry:
        repository = f"{registry.host}/large/image"
        archive = docker_archive({f"{repository}:1": image})
        idle = _memory(engine.pid, "VmRSS")
        for step in (
            ("POST", "/images/load", archive),
            ("POST", f"/images/{repository}/push?tag=1", b""),
            ("DELETE", f"/images/{repository}:1?force=1"),
            ("POST", f"/images/create?fromImage={repository}&tag=1", b""),
            ("GET", f"/images/{repository}:1/get"),
        ):
            Path(f"/proc/{engine.pid}/clear_refs").write_text("5")  # the most so far is forgotten (man 5 proc)
            reply = engine.call(*step, timeout=100)
            assert reply.status == 200
            assert b'"errorDetail"' not in reply.body[-1000:]
            taken = _memory(engine.pid, "VmHWM") - idle
            assert taken < ALLOWED, f"{step[:2]} took {taken >> 20} MiB"
        assert engine.call("GET", f"/images/{repository}:1/json").json()["Id"] == image.id
