"""An engine under the golden scenarios: a socket, a few verbs, and what a scenario has recorded of it.

Containers have the label `golden`, from the request or the image, everything else a name that begins with `golden-`, so
that a scenario can share an engine with others and `tidy` takes it all away.
"""

import json
import socket as sockets
import time
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from support import api
from support.images import BUSYBOX, busybox, docker_archive
from support.wait import wait_for

from golden.normal import Normal

LABEL = {"golden": "1"}
IMAGE = "golden/plain:1"
FULL_IMAGE = "golden/full:1"
FULL_CONFIG: Mapping[str, object] = {
    "Env": ["PATH=/usr/bin:/bin", "FROM_IMAGE=1"],
    "Cmd": ["sleep", "1000"],
    "Entrypoint": ["env"],
    "ExposedPorts": {"80/tcp": {}, "53/udp": {}},
    "Volumes": {"/www": {}},
    "WorkingDir": "/tmp",
    "User": "app",
    "StopSignal": "SIGINT",
    "Shell": ["/bin/sh", "-ec"],
    "OnBuild": ["RUN true"],
    "Healthcheck": {"Test": ["CMD-SHELL", "true"], "Interval": 30_000_000_000, "Retries": 2},
    "Labels": {"golden": "full"},
}
PLAIN_CONFIG: Mapping[str, object] = {
    "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    "Cmd": ["sh"],
    "Labels": {"golden": "plain"},
}


@dataclass
class Subject:
    """Runs requests and keeps what is recorded, normalised."""

    path: str
    normal: Normal = field(default_factory=Normal)
    recorded: dict[str, Any] = field(default_factory=dict)

    def call(
        self, method: str, target: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> api.Reply:
        return api.call(self.path, method, target, body, headers=headers, timeout=60)

    def must(self, method: str, target: str, body: object = None) -> Any:
        """The decoded body; raises AssertionError for a failure."""
        reply = self.call(method, target, body)
        assert reply.status < 400, f"{method} {target}: {reply.status} {reply.body!r}"
        return json.loads(reply.body) if reply.body.strip() else None

    def record(self, key: str, value: Any, *, types: bool = False) -> None:
        """Keeps a body; with `types` only the types of its scalars."""
        assert key not in self.recorded
        self.recorded[key] = self.normal.types(value) if types else self.normal.value(value)

    def record_get(self, key: str, target: str, *, types: bool = False) -> Any:
        value = self.must("GET", target)
        self.record(key, value, types=types)
        return value

    def record_reply(self, key: str, reply: api.Reply) -> None:
        """A status with the text of an error, or a body."""
        value: dict[str, Any] = {"status": reply.status, "type": reply.headers.get("content-type", "")}
        if reply.body.strip():
            try:
                value["body"] = json.loads(reply.body)
            except ValueError:
                value["body"] = reply.body.decode(errors="replace")
        self.record(key, value)

    # -- verbs ---------------------------------------------------------------------------------------------------------

    def create(self, name: str, **body: Any) -> str:
        """A container of the plain image unless `Image` is given; its id."""
        return str(self.create_reply(name, **body)["Id"])

    def create_reply(self, name: str, **body: Any) -> Any:
        given = {"Image": IMAGE, **body}
        given["Labels"] = {**LABEL, **(given.get("Labels") or {})}
        return self.must("POST", f"/containers/create?name=golden-{name}", given)

    def run(self, name: str, *command: str, **body: Any) -> str:
        container_id = self.create(name, **({"Cmd": list(command)} if command else {}), **body)
        self.must("POST", f"/containers/{container_id}/start")
        return container_id

    def inspect(self, ref: str, version: str = "1.51") -> Any:
        return self.must("GET", f"/v{version}/containers/{ref}/json")

    def wait_until(self, ref: str, test: Callable[[Any], bool], what: str) -> None:
        wait_for(lambda: test(self.inspect(ref)), what=what, timeout=30)

    def wait_exit(self, ref: str) -> None:
        self.wait_until(ref, lambda seen: seen["State"]["Status"] == "exited", f"{ref} has ended")

    def events(self, since: str, until: str, ids: set[str]) -> list[Any]:
        """What was published about these objects, or about objects they are attributes of."""
        reply = self.call("GET", f"/events?since={since}&until={until}")
        assert reply.status == 200, reply.body
        rows = [json.loads(line) for line in reply.body.splitlines() if line.strip()]
        return [row for row in rows if ids & {row["Actor"]["ID"], *row["Actor"]["Attributes"].values()}]

    # -- before and after ----------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Loads the images, and learns what of a reply is this machine's."""
        info = self.must("GET", "/info")
        self.normal.words = {info["DockerRootDir"]: "<data-root>", sockets.gethostname(): "<hostname>"}
        images = {
            IMAGE: replace(busybox(), config=PLAIN_CONFIG),
            FULL_IMAGE: replace(busybox(), config=FULL_CONFIG),
        }
        reply = self.call("POST", "/images/load?quiet=1", docker_archive(images))
        assert reply.status == 200, reply.body
        assert b"error" not in reply.body, reply.body

    def tidy(self) -> None:
        """Removes containers, networks, volumes; images stay for the next scenario."""
        for container_id in self._containers():
            self.call("POST", f"/containers/{container_id}/unpause")
            self.call("DELETE", f"/containers/{container_id}?force=1&v=1")
        wait_for(lambda: not self._containers(), what="all are removed")
        for row in self.must("GET", f"/networks?{filters(name=['golden-'])}"):
            self.call("DELETE", f"/networks/{row['Id']}")
        for row in self.must("GET", f"/volumes?{filters(name=['golden-'])}")["Volumes"] or []:
            self.call("DELETE", f"/volumes/{row['Name']}")

    def _containers(self) -> list[str]:
        """Those of the golden images bear their label, also where a scenario gave no name."""
        return [row["Id"] for row in self.must("GET", f"/containers/json?all=1&{filters(label=['golden'])}")]

    def remove_images(self) -> None:
        for name in (IMAGE, FULL_IMAGE):
            self.call("DELETE", f"/images/{name}?force=1")


def filters(**given: list[str]) -> str:
    return "filters=" + urllib.parse.quote(json.dumps(given))


def now() -> str:
    """As `since` and `until` take it."""
    return f"{time.time():.9f}"


__all__ = ["BUSYBOX", "FULL_IMAGE", "IMAGE", "LABEL", "Subject", "filters", "now"]
