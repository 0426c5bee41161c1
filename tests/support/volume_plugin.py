"""A small real volume plugin: Docker's protocol on a unix socket, volumes as directories, mounts counted by id."""

import contextlib
import json
import os
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any


class VolumePlugin:
    """`volumes` are options by name, `mounts` ids by name, `calls` all that was asked; `fail` maps a call to why.

    A `terse` one says null where all went well and there is nothing to tell, as some plugins in Go do.
    """

    def __init__(self, root: Path, implements: str = "VolumeDriver") -> None:
        self.root = root
        self.implements = implements
        self.volumes: dict[str, dict[str, str]] = {}
        self.mounts: dict[str, set[str]] = {}
        self.calls: list[str] = []
        self.fail: dict[str, str] = {}
        self.terse = False

    def answer(self, call: str, body: dict[str, Any]) -> dict[str, Any]:
        self.calls.append(call)
        if call in self.fail:
            return {"Err": self.fail[call]}
        name = body.get("Name", "")
        if call == "Plugin.Activate":
            return {"Implements": [self.implements]}
        if call == "VolumeDriver.Capabilities":
            return {"Capabilities": {"Scope": "global"}}
        if call == "VolumeDriver.Create":
            self.volumes[name] = dict(body.get("Opts") or {})
            (self.root / name).mkdir(parents=True, exist_ok=True)
            return {"Err": ""}
        if call == "VolumeDriver.List":
            return {"Volumes": [self._describe(one) for one in self.volumes], "Err": ""}
        if name not in self.volumes:
            return {"Err": "no such volume"}
        return self._of_one(call, name, body)

    def _of_one(self, call: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
        if call == "VolumeDriver.Get":
            return {"Volume": self._describe(name), "Err": ""}
        if call == "VolumeDriver.Mount":
            self.mounts.setdefault(name, set()).add(body["ID"])
            return {"Mountpoint": str(self.root / name), "Err": ""}
        if call == "VolumeDriver.Unmount":
            self.mounts.get(name, set()).discard(body["ID"])
            return {"Err": ""}
        if call == "VolumeDriver.Remove":
            del self.volumes[name]
            return {"Err": ""}
        return {"Err": f"unknown call {call}"}

    def _describe(self, name: str) -> dict[str, Any]:
        mounted = bool(self.mounts.get(name))
        return {"Name": name, "Mountpoint": str(self.root / name) if mounted else "", "Status": {"users": mounted}}


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    plugin: VolumePlugin


class _TlsServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    plugin: VolumePlugin
    context: ssl.SSLContext

    def finish_request(self, request: Any, client_address: Any) -> None:
        """The handshake is the thread's, not the listener's; one that fails ends there."""
        with contextlib.suppress(OSError), self.context.wrap_socket(request, server_side=True) as secure:
            super().finish_request(secure, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server | _TlsServer

    def do_POST(self) -> None:
        """One call of the protocol."""
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = self.server.plugin.answer(self.path.removeprefix("/"), json.loads(data) if data else {})
        body = json.dumps(None if self.server.plugin.terse and answer == {"Err": ""} else answer).encode()
        self.send_response(500 if answer.get("Err") else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        """A unix socket's peer has none."""
        return "pierd"

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def serve_plugin(path: Path, plugin: VolumePlugin) -> Iterator[VolumePlugin]:
    """The plugin answers at this socket within the body."""
    path.parent.mkdir(parents=True, exist_ok=True)
    server = _Server(os.fspath(path), _Handler)
    server.plugin = plugin
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield plugin
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        path.unlink(missing_ok=True)


@contextmanager
def serve_plugin_by_tls(files: Path, plugin: VolumePlugin) -> Iterator[tuple[VolumePlugin, int]]:
    """The same on a port of 127.0.0.1, with certificates of `make_certificates`; clients must have one, too."""
    server = _TlsServer(("127.0.0.1", 0), _Handler)
    server.plugin = plugin
    server.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=files / "ca.crt")
    server.context.verify_mode = ssl.CERT_REQUIRED
    server.context.load_cert_chain(files / "server.crt", files / "server.key")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield plugin, int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
