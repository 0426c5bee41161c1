"""One engine: the verbs of the Docker API that the metrics use. Each raises CheckFailed when it is refused."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import local
from typing import Any

from benchmark.client import TAR, Body, Conn, Reply, Stream, read_stream
from benchmark.framing import demux
from benchmark.marks import IMAGE, LABEL, CheckFailed, expect, now

SLEEP = ("sleep", "100000")


@dataclass
class Engine:
    """An engine under test. `also` names further processes of its footprint: a PID, or a socket one listens on.

    `network` is where containers are that name no network; empty: on the engine's default one.
    """

    name: str
    sock: str
    also: Sequence[str] = ()
    network: str = ""
    _local: local = field(default_factory=local, repr=False)

    def call(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        """One request on this thread's kept-alive connection; 2xx and 304 are success.

        A body that is no bytes goes as JSON. A connection on which anything went wrong is never used again.
        """
        sent = dict(headers or {})
        if body is not None and not isinstance(body, bytes | memoryview):
            body, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        try:
            reply = self._exchange(method, path, body, sent)
        except BaseException:  # also Ctrl-C: half a reply may be left in it
            self.hang_up()
            raise
        if reply.headers.get("connection", "").lower() == "close":
            self.hang_up()
        if not (reply.status < 300 or reply.status == 304):
            raise CheckFailed(f"{method} {path}: {reply.status} {reply.body[:200]!r}")
        return reply

    def _exchange(self, method: str, path: str, body: Body, headers: Mapping[str, str]) -> Reply:
        kept: Conn | None = getattr(self._local, "conn", None)
        if kept:
            try:
                kept.send(method, path, body, headers)
                return kept.receive(method)
            except (BrokenPipeError, ConnectionResetError):  # it idled too long for the engine
                kept.close()
        fresh = self._local.conn = Conn(self.sock)
        fresh.send(method, path, body, headers)
        return fresh.receive(method)

    def hang_up(self) -> None:
        """Ends this thread's kept connection; the next call makes another."""
        kept: Conn | None = getattr(self._local, "conn", None)
        self._local.conn = None
        if kept:
            kept.close()

    def stream(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        upgrade: bool = False,
        on_open: Callable[[], object] | None = None,
        stdin: Body = None,
    ) -> Stream:
        """A request on a connection of its own whose reply is read to the end; see client.read_stream."""
        headers = {"Connection": "Upgrade", "Upgrade": "tcp"} if upgrade else {"Connection": "close"}
        if body is not None:
            body, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        conn = Conn(self.sock)
        try:
            conn.send(method, path, body, headers)
            return read_stream(conn, f"{method} {path}", on_open=on_open, stdin=stdin)
        finally:
            conn.close()

    def create(self, cmd: Sequence[str], port: int = 0, host: Mapping[str, Any] | None = None) -> str:
        """The id of a new container of the test image, with port 80 published on `port` of the host unless it is 0."""
        config: dict[str, Any] = {"Image": IMAGE, "Cmd": list(cmd), "Labels": LABEL, "HostConfig": dict(host or {})}
        if self.network:
            config["HostConfig"].setdefault("NetworkMode", self.network)
        if port:
            config["ExposedPorts"] = {"80/tcp": {}}
            config["HostConfig"]["PortBindings"] = {"80/tcp": [{"HostPort": str(port)}]}
        return str(self.call("POST", "/containers/create", config).json()["Id"])

    def start(self, cid: str) -> None:
        """Starts a container."""
        self.call("POST", f"/containers/{cid}/start")

    def wait(self, cid: str) -> int:
        """Its exit code, once it has ended."""
        return int(self.call("POST", f"/containers/{cid}/wait").json()["StatusCode"])

    def remove(self, cid: str) -> None:
        """Removes it by force, with its volumes."""
        self.call("DELETE", f"/containers/{cid}?force=1&v=1")

    def inspect(self, cid: str) -> Any:
        """What inspect says."""
        return self.call("GET", f"/containers/{cid}/json").json()

    def listed(self, query: str = "") -> list[Any]:
        """The rows of the list of containers; the running ones without a query."""
        rows: list[Any] = self.call("GET", f"/containers/json{query}").json()
        return rows

    def run(self, cmd: Sequence[str] = SLEEP, port: int = 0, host: Mapping[str, Any] | None = None) -> str:
        """Creates and starts; the id."""
        cid = self.create(cmd, port, host)
        self.start(cid)
        return cid

    def run_published(self, count: int) -> str:
        """Creates and starts one that sleeps, with so many ports published wherever the engine likes; the id."""
        ports = [f"{number + 1}/tcp" for number in range(count)]
        host: dict[str, Any] = {"PortBindings": {port: [{}] for port in ports}}
        config = {"Image": IMAGE, "Cmd": list(SLEEP), "Labels": LABEL, "HostConfig": host}
        config["ExposedPorts"] = {port: {} for port in ports}
        cid = str(self.call("POST", "/containers/create", config).json()["Id"])
        self.start(cid)
        published = self.inspect(cid)["NetworkSettings"]["Ports"]
        expect(all(published.get(port) for port in ports), f"not all of {count} ports are published")
        return cid

    def exec(self, cid: str, cmd: Sequence[str], stdin: Body = None) -> tuple[bytes, Stream]:
        """Runs a command in a container, which must end with 0: what it printed, and the stream's times."""
        spec = {"Cmd": list(cmd), "AttachStdout": True, "AttachStderr": True, "AttachStdin": stdin is not None}
        eid = self.call("POST", f"/containers/{cid}/exec", spec).json()["Id"]
        stream = self.stream("POST", f"/exec/{eid}/start", {"Detach": False}, upgrade=True, stdin=stdin)
        code = self.call("GET", f"/exec/{eid}/json").json()["ExitCode"]
        output = demux(stream.reply.body)
        expect(code == 0, f"exec {cmd[0]}: exit code {code}, output {output[:100]!r}")
        return output, stream

    def load(self, archive: bytes, name: str, layers: Sequence[str]) -> float:
        """Loads a docker-archive; the seconds it took, once the image has these diff ids."""
        began = now()
        reply = self.call("POST", "/images/load?quiet=1", archive, TAR)
        took = now() - began
        expect(b'"error"' not in reply.body, f"load: {reply.body[-200:]!r}")
        got = self.call("GET", f"/images/{name}/json").json()["RootFS"]["Layers"]
        expect(got == list(layers), f"the loaded image has layers {got}")
        return took

    def remove_image(self, name: str) -> None:
        """Removes it by force."""
        self.call("DELETE", f"/images/{name}?force=1")

    def version(self) -> dict[str, Any]:
        """What GET /version says."""
        facts: dict[str, Any] = self.call("GET", "/version").json()
        return facts

    def is_pier(self) -> bool:
        """Whether it is Pier, by its own word."""
        return bool((self.version().get("Platform") or {}).get("Name") == "Pier")
