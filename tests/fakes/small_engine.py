"""A stateful little engine over HTTP for tests of the benchmark: containers, networks and images that cost nothing."""

import io
import json
import tarfile
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from fakes.http_engine import HttpEngine, Request, Route, frame, hijack


@dataclass
class SmallEngine(HttpEngine):
    """Knows what it was given. A key (METHOD, last word of the path) of `broken` answers 500 with that message."""

    containers: dict[str, dict[str, Any]] = field(default_factory=dict)
    networks: dict[str, dict[str, Any]] = field(default_factory=dict)
    images: dict[str, list[str]] = field(default_factory=dict)
    broken: dict[tuple[str, str], str] = field(default_factory=dict)
    exit_code: int = 0
    made: int = 0

    def _route(self, request: Request) -> Route:
        words = unquote(request.path).strip("/").split("/")
        if message := self.broken.get((request.method, words[-1])):
            return 500, {"message": message}
        if words[0] == "exec":
            return self._exec(request.method)
        verb = getattr(self, f"_{words[0]}_{request.method.lower()}", None)
        found: Route | None = verb(request, words[1:]) if verb else None
        return found or super()._route(request)

    def _id(self) -> str:
        self.made += 1
        return f"{self.made:064x}"

    def _containers_post(self, request: Request, words: list[str]) -> Route | None:
        if words == ["create"]:
            cid = self._id()
            config = request.json
            self.containers[cid] = {"Id": cid, "State": "created", "Labels": config["Labels"], "Config": config}
            return 201, {"Id": cid, "Warnings": []}
        if words[-1] == "exec":
            return 201, {"Id": "e1"}
        row = self.containers.get(words[0])
        if row is None:
            return 404, {"message": f"No such container: {words[0]}"}
        if words[-1] == "wait":
            return 200, {"StatusCode": self.exit_code}
        row["State"] = {"start": "exited" if row["Config"]["Cmd"] == ["true"] else "running"}.get(words[-1], "exited")
        return 204, None

    def _containers_get(self, request: Request, words: list[str]) -> Route | None:
        if words == ["json"]:
            shown = [row for row in self.containers.values() if request.query.get("all") or row["State"] == "running"]
            return 200, [row for row in shown if bears(row, request)]
        row = self.containers.get(words[0])
        if row is None:
            return 404, {"message": f"No such container: {words[0]}"}
        if words[-1] == "stats":
            return 200, {"memory_stats": {"usage": 4096}}
        running = row["State"] == "running"
        bound = row["Config"].get("HostConfig", {}).get("PortBindings", {})
        ports = {port: [{"HostIp": "0.0.0.0", "HostPort": "32768"}] for port in bound}
        state = {"Running": running, "Pid": 0, "ExitCode": self.exit_code}
        joined = {row["Config"].get("HostConfig", {}).get("NetworkMode", "bridge"): {"IPAddress": "10.0.0.2"}}
        return 200, row | {"State": state, "NetworkSettings": {"Ports": ports, "Networks": joined}}

    def _containers_delete(self, request: Request, words: list[str]) -> Route:
        gone = self.containers.pop(words[0], None)
        return (204, None) if gone else (404, {"message": f"No such container: {words[0]}"})

    def _exec(self, method: str) -> Route:
        return (200, {"ExitCode": 0}) if method == "GET" else lambda _, conn: hijack(conn, frame(1, b"hi\n"))

    def _networks_post(self, request: Request, words: list[str]) -> Route:
        nid = self._id()
        self.networks[nid] = {"Id": nid, **request.json}
        return 201, {"Id": nid}

    def _networks_get(self, request: Request, words: list[str]) -> Route:
        return 200, [row for row in self.networks.values() if bears(row, request)]

    def _networks_delete(self, request: Request, words: list[str]) -> Route:
        return (204, None) if self.networks.pop(words[0], None) else (404, {"message": "no such network"})

    def _images_post(self, request: Request, words: list[str]) -> Route:
        with tarfile.open(fileobj=io.BytesIO(request.body)) as tar:
            manifest = json.loads(_member(tar, "manifest.json"))[0]
            config = json.loads(_member(tar, manifest["Config"]))
        self.images[manifest["RepoTags"][0]] = config["rootfs"]["diff_ids"]
        return 200, {"stream": f"Loaded image: {manifest['RepoTags'][0]}\n"}

    def _images_get(self, request: Request, words: list[str]) -> Route:
        if words == ["json"]:
            return 200, [{"Id": name, "RepoTags": [name]} for name in self.images]
        return 200, {"RootFS": {"Layers": self.images["/".join(words[:-1])]}}

    def _images_delete(self, request: Request, words: list[str]) -> Route:
        gone = self.images.pop("/".join(words), None)
        return (200, []) if gone else (404, {"message": "no such image"})

    def _version_get(self, request: Request, words: list[str]) -> Route:
        return 200, {"Platform": {"Name": "Pier"}, "Version": "1.2", "Components": [{"Name": "x", "Version": "3"}]}


def bears(row: dict[str, Any], request: Request) -> bool:
    """Whether a row bears the label that a request's filters ask for."""
    wanted = json.loads(request.query.get("filters", ["{}"])[0]).get("label", [])
    return all(row["Labels"].get(key) == value for key, _, value in (text.partition("=") for text in wanted))


def _member(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    assert file
    return file.read()
