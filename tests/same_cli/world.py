"""An engine that only answers: the same few objects whatever is asked of it, so that two clients can be compared.

Containers `web` (runs), `tty` (runs, on a terminal), `db` (exited with 3) and `job` (created), image `busybox`,
network `front`, volume `data`. Everything else is not there. Times are fixed, or as long before now as makes a client's
"2 hours ago" the same in each run.
"""

import contextlib
import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote

from fakes.http_engine import HttpEngine, Request, Route, frame, hijack

from same_cli import bodies, engine_bodies

PATIENCE = 20.0  # seconds that a client may take between two steps of its


@dataclass
class World(HttpEngine):
    """`answers` go before the world's own: patterns of `METHOD path` with what is answered."""

    answers: dict[str, Route] = field(default_factory=dict)
    exit_code: int = 0

    def _route(self, request: Request) -> Route:
        place = f"{request.method} {unquote(request.path)}"
        for pattern, route in self.answers.items():
            if fnmatchcase(place, pattern):
                return route
        if request.path == "/_ping":
            return 200, b""
        for method, pattern, answer in ROUTES:
            if method == request.method and fnmatchcase(unquote(request.path), pattern):
                return answer(self, request)
        return 404, {"message": f"page not found: {place}"}


def _ref(request: Request) -> str:
    """The object that the path names: /containers/web/start has web, /images/a/b/push has a/b."""
    words = unquote(request.path).strip("/").split("/")
    if words[0] == "images":
        verbs = {"json", "history", "push", "tag", "get"}
        return "/".join(words[1:-1] if words[-1] in verbs else words[1:])
    return words[1]


def _container(good: Route) -> Callable[[World, Request], Route]:
    """`good` for a container that is there."""

    def answer(_: World, request: Request) -> Route:
        name = _ref(request)
        return good if bodies.container(name) else (404, {"message": f"No such container: {name}"})

    return answer


def _inspect(_: World, request: Request) -> Route:
    found = bodies.container(_ref(request))
    return (200, found) if found else (404, {"message": f"No such container: {_ref(request)}"})


def _image(answer: Callable[[str], Route]) -> Callable[[World, Request], Route]:
    def route(_: World, request: Request) -> Route:
        name = _ref(request)
        if name.partition(":")[0] not in ("busybox", "docker.io/library/busybox"):
            return 404, {"message": f"No such image: {name}{'' if ':' in name else ':latest'}"}
        return answer(name)

    return route


def _named(kind: str, name: str, body: Any) -> Callable[[World, Request], Route]:
    def route(_: World, request: Request) -> Route:
        asked = _ref(request)
        if asked == name:
            return (204, None) if body is None else (200, body)
        text = f"network {asked} not found" if kind == "network" else f"get {asked}: no such {kind}"
        return 404, {"message": text}

    return route


def raw(data: bytes, media_type: str = "application/vnd.docker.multiplexed-stream") -> Route:
    """A body that ends with the connection."""

    def route(_: Request, connection: socket.socket) -> None:
        head = f"HTTP/1.1 200 OK\r\nApi-Version: 1.50\r\nContent-Type: {media_type}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode() + data)

    return route


def _lines(*rows: Any) -> Route:
    return raw(b"".join(json.dumps(row).encode() + b"\r\n" for row in rows), "application/json")


def _attach(world: World, request: Request) -> Route:
    """Speaks once the container has been started, if this client made it or starts it, and ends after the input."""
    found = bodies.container(_ref(request))
    tty = found and found["Config"]["Tty"]
    payload = b"out\r\n" if tty else frame(1, b"out\n") if _asks(request, "stdout") else b""
    payload += frame(2, b"err\n") if not tty and _asks(request, "stderr") else b""
    fails = any(pattern.endswith("/start") and "exec" not in pattern for pattern in world.answers)

    def route(_: Request, connection: socket.socket) -> None:
        hijack(connection)
        if not _is_there(world, request):
            _await_start(world)
            if fails:
                return
        connection.settimeout(PATIENCE)
        with contextlib.suppress(OSError):
            if "1" in request.query.get("stdin", ()):
                _drain(connection)
            connection.sendall(payload)
            connection.shutdown(socket.SHUT_WR)
            _drain(connection)

    if request.path.startswith("/exec/"):
        return (200, b"") if request.json.get("Detach") else route
    if found:
        return route
    return 404, {"message": f"No such container: {_ref(request)}"}


def _asks(request: Request, stream: str) -> bool:
    return request.path.startswith("/exec/") or "1" in request.query.get(stream, ())


def _is_there(world: World, request: Request) -> bool:
    """Whether the process that is attached to ran before this client came."""
    created = any(one.path == "/containers/create" for one in world.requests)
    found = bodies.container(_ref(request))
    return not created and (found is None or found["State"]["Running"])


def _await_start(world: World) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if any(one.path.endswith("/start") and one.path.startswith("/containers/") for one in world.requests):
            return
        time.sleep(0.005)


def _drain(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def _wait(world: World, request: Request) -> Route:
    """The head at once, the code once the client could have started the container."""

    def route(_: Request, connection: socket.socket) -> None:
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nApi-Version: 1.50\r\nContent-Type: application/json\r\nConnection: close\r\n"
        )
        body = json.dumps({"StatusCode": world.exit_code}).encode()
        connection.sendall(f"Content-Length: {len(body)}\r\n\r\n".encode())
        if not _is_there(world, request) and request.query.get("condition") != ["not-running"]:
            _await_start(world)
        connection.sendall(body)

    found = bodies.container(_ref(request))
    return route if found else (404, {"message": f"No such container: {_ref(request)}"})


def _archive(world: World, request: Request) -> Route:
    name, path = _ref(request), request.query.get("path", [""])[0]
    if not bodies.container(name):
        return 404, {"message": f"No such container: {name}"}
    if request.method == "PUT":
        return 200, None
    stat = bodies.path_stat(path)
    if stat is None:
        return 404, {"message": f"Could not find the file {path} in container {name}"}
    return bodies.archive_answer(path, stat)


def _value(status: int, body: Any) -> Callable[[World, Request], Route]:
    return lambda _world, _request: (status, body)


def _stream(*rows: Any) -> Callable[[World, Request], Route]:
    return lambda _world, _request: _lines(*rows)


def _exec(world: World, _: Request) -> Route:
    return 200, {"ID": bodies.EXEC, "Running": False, "ExitCode": world.exit_code, "ContainerID": bodies.id_of("web")}


def _pulled(_: World, request: Request) -> Route:
    if "fromSrc" in request.query:
        return _lines({"status": f"sha256:{'9' * 64}"})
    image = request.query["fromImage"][0]
    if image.partition(":")[0].rpartition("/")[2] == "nope":
        return 404, {"message": f"pull access denied for {image}, repository does not exist"}
    return _lines(*bodies.pull_rows(request.query.get("tag", ["latest"])[0]))


def _listed(_: World, request: Request) -> Route:
    return 200, bodies.container_rows(everything="1" in request.query.get("all", ()))


ROUTES: list[tuple[str, str, Callable[[World, Request], Route]]] = [
    ("GET", "/version", _value(200, engine_bodies.VERSION)),
    ("GET", "/info", _value(200, engine_bodies.INFO)),
    ("GET", "/system/df", _value(200, engine_bodies.DISK_USAGE)),
    ("GET", "/events", _stream(*engine_bodies.EVENTS)),
    ("POST", "/auth", _value(200, {"Status": "Login Succeeded", "IdentityToken": ""})),
    ("POST", "/build/prune", _value(200, {"CachesDeleted": [], "SpaceReclaimed": 0})),
    ("GET", "/containers/json", _listed),
    ("POST", "/containers/create", _value(201, {"Id": bodies.id_of("web"), "Warnings": []})),
    ("POST", "/containers/prune", _value(200, {"ContainersDeleted": [bodies.id_of("db")], "SpaceReclaimed": 2048})),
    ("GET", "/containers/*/json", _inspect),
    ("GET", "/containers/*/top", _container((200, bodies.TOP))),
    ("GET", "/containers/*/changes", _container((200, bodies.CHANGES))),
    ("GET", "/containers/*/stats", _container((200, engine_bodies.STATS))),
    ("GET", "/containers/*/logs", _container(raw(frame(1, b"one\n") + frame(2, b"two\n")))),
    ("GET", "/containers/*/export", _container(raw(b"a tar archive", "application/x-tar"))),
    ("POST", "/containers/*/exec", _container((201, {"Id": bodies.EXEC}))),
    ("POST", "/containers/*/update", _container((200, {"Warnings": None}))),
    ("POST", "/containers/*/wait", _wait),
    ("POST", "/containers/*/attach", _attach),
    ("POST", "/containers/*/resize", _container((200, None))),
    *(
        ("POST", f"/containers/*/{verb}", _container((204, None)))
        for verb in ("start", "stop", "restart", "kill", "pause", "unpause", "rename")
    ),
    ("DELETE", "/containers/*", _container((204, None))),
    *((method, "/containers/*/archive", _archive) for method in ("HEAD", "GET", "PUT")),
    ("POST", "/commit", _value(201, {"Id": f"sha256:{'8' * 64}"})),
    ("POST", "/exec/*/start", _attach),
    ("POST", "/exec/*/resize", _value(200, None)),
    ("GET", "/exec/*/json", _exec),
    ("GET", "/images/json", lambda _world, _request: (200, bodies.image_rows())),
    ("GET", "/images/search", _value(200, engine_bodies.SEARCH)),
    ("GET", "/images/get", lambda _world, _request: raw(b"an image archive", "application/x-tar")),
    ("POST", "/images/load", _stream({"stream": "Loaded image: busybox:latest\n"})),
    ("POST", "/images/create", _pulled),
    ("POST", "/images/prune", _value(200, bodies.IMAGES_PRUNED)),
    ("GET", "/images/*/json", _image(lambda _: (200, bodies.IMAGE))),
    ("GET", "/images/*/history", _image(lambda _: (200, bodies.history()))),
    ("POST", "/images/*/tag", _image(lambda _: (201, None))),
    ("POST", "/images/*/push", _image(lambda _: _lines(*bodies.PUSH))),
    ("GET", "/images/*/get", _image(lambda _: raw(b"an image archive", "application/x-tar"))),
    ("DELETE", "/images/*", _image(lambda _: (200, bodies.IMAGE_REMOVED))),
    ("GET", "/networks", _value(200, [bodies.NETWORK])),
    ("POST", "/networks/create", _value(201, {"Id": bodies.id_of("front"), "Warning": ""})),
    ("POST", "/networks/prune", _value(200, {"NetworksDeleted": ["front"]})),
    ("GET", "/networks/*", _named("network", "front", bodies.NETWORK)),
    ("POST", "/networks/*/connect", _named("network", "front", b"")),
    ("POST", "/networks/*/disconnect", _named("network", "front", b"")),
    ("DELETE", "/networks/*", _named("network", "front", None)),
    ("GET", "/volumes", _value(200, {"Volumes": [bodies.VOLUME], "Warnings": None})),
    ("POST", "/volumes/create", _value(201, bodies.VOLUME)),
    ("POST", "/volumes/prune", _value(200, {"VolumesDeleted": ["data"], "SpaceReclaimed": 5000})),
    ("GET", "/volumes/*", _named("volume", "data", bodies.VOLUME)),
    ("DELETE", "/volumes/*", _named("volume", "data", None)),
    ("GET", "/plugins/*/json", lambda _, request: (404, {"message": f'plugin "{_ref(request)}" not found'})),
]
