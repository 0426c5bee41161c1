"""pierd killed in the middle of a pull and of a load: nothing of them is left after the next start."""

import http.server
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from support.ctr import listed_at
from support.engine import Engine
from support.images import Node, OciImage, TestImage, docker_archive, oci_image
from support.wait import wait_for

from pier.domain.image import MEDIA_TYPE_OCI_MANIFEST

pytestmark = [pytest.mark.root, pytest.mark.containerd]


@contextmanager
def _stalling_registry(image: OciImage, config: str) -> Iterator[str]:
    """`host:port` of a registry that sends half of each layer and then nothing, until the test is over."""
    over = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Says nothing."""

        def do_HEAD(self) -> None:
            self.send_error(404)

        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            is_manifest = "/manifests/" in self.path
            body = image.manifest if is_manifest else image.blobs.get(name, b"")
            self.send_response(200 if body else 404)
            if is_manifest:
                self.send_header("Content-Type", MEDIA_TYPE_OCI_MANIFEST)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            stalls = not is_manifest and name != config
            self.wfile.write(body[: len(body) // 2] if stalls else body)
            if stalls:
                over.wait(60)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        over.set()
        server.shutdown()
        server.server_close()


def _lines(engine: Engine, *words: str) -> list[str]:
    return listed_at(engine.containerd, engine.namespace, *words)


@pytest.fixture
def doomed(new_engine: Callable[..., Engine]) -> Engine:
    return new_engine().start()


def _kill_and_look(engine: Engine) -> None:
    """The same as before is there: nothing."""
    engine.kill()
    engine.start()
    wait_for(lambda: not _lines(engine, "leases", "ls", "-q"), what="the dead pierd's leases are gone")
    engine.call("POST", "/images/prune")
    assert _lines(engine, "content", "ls", "-q") == []
    assert _lines(engine, "content", "active")[1:] == []
    assert _lines(engine, "snapshots", "ls")[1:] == []
    assert engine.call("GET", "/images/json").json() == []


def test_killed_in_the_middle_of_a_pull(doomed: Engine) -> None:
    image = TestImage([{"a": Node(secrets.token_bytes(8_000_000))}])
    with _stalling_registry(oci_image(image), image.id) as host:
        caller = threading.Thread(target=doomed.pier, args=("pull", f"{host}/x:1"), daemon=True)
        caller.start()
        wait_for(lambda: _lines(doomed, "content", "active")[1:], what="the layer is on its way")
        _kill_and_look(doomed)
        caller.join(60)


def test_killed_in_the_middle_of_a_load(doomed: Engine) -> None:
    image = TestImage([{"a": Node(secrets.token_bytes(3_000_000))}, {"b": Node(secrets.token_bytes(8_000_000))}])
    archive = docker_archive({"x:1": image})
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(doomed.host.removeprefix("unix://"))
        head = f"POST /images/load HTTP/1.1\r\nHost: d\r\nContent-Length: {len(archive)}\r\n\r\n".encode()
        client.sendall(head + archive[: len(archive) - 4_000_000])
        wait_for(lambda: _lines(doomed, "content", "active")[1:], what="a layer is on its way")
        _kill_and_look(doomed)
