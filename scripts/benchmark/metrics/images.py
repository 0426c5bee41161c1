"""Images: load and save, push and pull. Every round has new random content, so no engine knows a layer already."""

import base64
import http.client
import json

from benchmark.catalogue import metric
from benchmark.engine import Engine
from benchmark.image_data import docker_archive, member_digests, random_layers
from benchmark.marks import MB, TOKEN, expect, now
from benchmark.session import Bench, say

LOAD_MB = 300
PUSH_MB = 120
AUTH = {"X-Registry-Auth": base64.urlsafe_b64encode(b"{}").decode()}
MANIFESTS = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"


@metric("image_load", "image_save")
def load_and_save(bench: Bench) -> None:
    """An image of 300 MB in three layers; the digest of each saved layer is compared."""
    archive, ids, name = b"", [""], ""
    for i, engine in enumerate(bench.rounds(2)):
        if i % len(bench.engines) == 0:
            name = f"bench-blob-{TOKEN}-{i}:latest"
            archive, ids = docker_archive(name, random_layers(LOAD_MB * MB))
        with bench.check("image_load", engine, "MB/s"):
            bench.add("image_load", engine, LOAD_MB / engine.load(archive, name, ids), "MB/s")
            with bench.check("image_save", engine, "MB/s"):
                stream = engine.stream("GET", f"/images/{name}/get")
                saved = member_digests(stream.reply.body, larger_than=MB)
                expect(saved == set(ids), "the saved layers are not the loaded ones")
                bench.add("image_save", engine, LOAD_MB / (stream.ended - stream.sent), "MB/s")
            engine.remove_image(name)


@metric("push", "pull")
def push_and_pull(bench: Bench) -> None:
    """An image of 120 MB in three layers to a registry, and back again once the engine has forgotten it."""
    if not bench.options.registry:
        say("push, pull: skipped, no --registry")
        return
    layers: list[bytes] = []
    for i, engine in enumerate(bench.rounds(2)):
        if i % len(bench.engines) == 0:
            layers = random_layers(PUSH_MB * MB)
        repository = f"bench/{TOKEN}-{engine.name}-{i}"
        name = f"{bench.options.registry}/{repository}"
        archive, ids = docker_archive(name + ":latest", layers)
        with bench.check("push", engine, "MB/s"):
            engine.load(archive, name + ":latest", ids)
            began = now()
            reply = engine.call("POST", f"/images/{name}/push?tag=latest", b"", AUTH)
            took = now() - began
            expect(b'"error"' not in reply.body, f"push: {reply.body[-300:]!r}")
            size = size_in_registry(bench.options.registry, repository)
            expect(size > (PUSH_MB - 1) * MB, f"the registry holds {size} bytes")
            bench.add("push", engine, PUSH_MB / took, "MB/s")
            engine.remove_image(name + ":latest")
            with bench.check("pull", engine, "MB/s"):
                pull(bench, engine, name, ids)


def pull(bench: Bench, engine: Engine, name: str, ids: list[str]) -> None:
    """One sample of pull."""
    began = now()
    reply = engine.call("POST", f"/images/create?fromImage={name}&tag=latest", b"", AUTH)
    took = now() - began
    expect(b'"error"' not in reply.body, f"pull: {reply.body[-300:]!r}")
    got = engine.call("GET", f"/images/{name}:latest/json").json()["RootFS"]["Layers"]
    expect(got == ids, f"the pulled image has layers {got}")
    bench.add("pull", engine, PUSH_MB / took, "MB/s")
    engine.remove_image(name + ":latest")


def size_in_registry(registry: str, repository: str) -> int:
    """The sum of the layers' sizes by the manifest that a registry has."""
    connection = http.client.HTTPConnection(registry, timeout=30)
    try:
        connection.request("GET", f"/v2/{repository}/manifests/latest", headers={"Accept": MANIFESTS})
        return sum(layer["size"] for layer in json.loads(connection.getresponse().read())["layers"])
    finally:
        connection.close()
