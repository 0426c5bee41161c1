import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from benchmark.image_data import tar_of
from benchmark.metrics import images
from benchmark.session import Bench
from fakes.http_engine import Request, Route
from fakes.small_engine import SmallEngine

NewBench = Callable[..., Bench]


class Manifests(BaseHTTPRequestHandler):
    """Every image has two layers of 60 MB."""

    def do_GET(self) -> None:
        body = json.dumps({"layers": [{"size": 60_000_000}, {"size": 60_000_000}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def registry() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Manifests) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(5)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "random_layers", lambda size: [tar_of({"blob": b"x" * 2_000_000})])


def saving(fake: SmallEngine, tamper: bytes) -> None:
    """Lets it save what it was given, with these bytes in the layers' place if there are any."""
    layer = tar_of({"blob": b"x" * 2_000_000})
    inner = fake._images_get

    def get(request: Request, words: list[str]) -> Route:
        if words[-1] == "get":
            return lambda _, conn: conn.sendall(b"HTTP/1.1 200 X\r\n\r\n" + tar_of({"layer.tar": tamper or layer}))
        return inner(request, words)

    fake._images_get = get  # type: ignore[method-assign]


def test_load_and_save(new_bench: NewBench, fakes: list[SmallEngine]) -> None:
    for fake in fakes:
        saving(fake, b"")
    bench = new_bench("image_load", "image_save")
    images.load_and_save(bench)
    assert not bench.has_failed()
    assert {key: set(row.values) for key, row in bench.rows.items()} == {
        "image_load": set("ab"),
        "image_save": set("ab"),
    }
    assert not any(fake.images for fake in fakes)


def test_a_saved_layer_that_is_another(new_bench: NewBench, fakes: list[SmallEngine]) -> None:
    saving(fakes[0], b"y" * 2_000_000)
    saving(fakes[1], b"")
    bench = new_bench("image_save")
    images.load_and_save(bench)
    assert bench.rows["image_save"].failures["a"] == ["the saved layers are not the loaded ones"]
    assert not fakes[0].images


def test_push_and_pull_need_a_registry(new_bench: NewBench, capsys: pytest.CaptureFixture[str]) -> None:
    bench = new_bench("push")
    images.push_and_pull(bench)
    assert not bench.rows
    assert "skipped, no --registry" in capsys.readouterr().err


def test_push_and_pull(new_bench: NewBench, fakes: list[SmallEngine], registry: str) -> None:
    for fake in fakes:
        with_remote(fake)
    bench = new_bench("push", "pull", registry=registry)
    images.push_and_pull(bench)
    assert not bench.has_failed()
    assert {key: set(row.values) for key, row in bench.rows.items()} == {"push": set("ab"), "pull": set("ab")}
    assert not any(fake.images for fake in fakes)


def test_a_refused_push(new_bench: NewBench, fakes: list[SmallEngine], registry: str) -> None:
    for fake in fakes:
        with_remote(fake)
    fakes[0].broken["POST", "push"] = "denied"
    bench = new_bench("push", registry=registry)
    images.push_and_pull(bench)
    assert "denied" in bench.rows["push"].failures["a"][0]


def with_remote(fake: SmallEngine) -> None:
    """Lets it push, and pull what it pushed."""
    remote: dict[str, list[str]] = {}
    load = fake._images_post

    def post(request: Request, words: list[str]) -> Route:
        if words[-1] == "push":
            name = "/".join(words[:-1]) + ":latest"
            remote[name] = fake.images[name]
        elif words == ["create"]:
            name = request.query["fromImage"][0] + ":latest"
            fake.images[name] = remote[name]
        else:
            return load(request, words)
        return 200, {"status": "done"}

    fake._images_post = post  # type: ignore[method-assign]
