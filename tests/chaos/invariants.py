"""What must hold after a death and a new start, whatever was under way. Each check yields the violations it finds."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from support.engine import Engine, run
from support.fetch import fetch
from support.wait import wait_for

from chaos.ledger import Ledger, Promise

SETTLING = 30.0  # seconds after a start in which the engine may still catch up


def kept_promises(engine: Engine, ledger: Ledger) -> Iterator[str]:
    """What a client was told holds: created containers are there, removed ones are not, codes are true."""
    rows = {row["Names"][0].removeprefix("/"): row for row in engine.call("GET", "/containers/json?all=1").json()}
    for promise in ledger.promises:
        row = rows.get(promise.name)
        if promise.created and not promise.removing and row is None:
            yield f"container {promise.name} was created and is gone"
        if promise.removed and row is not None:
            yield f"container {promise.name} was removed and is there: {row['Status']}"
        if promise.container_id and row is not None and row["Id"] != promise.container_id:
            yield f"container {promise.name} has another id than its creator was told"
        if row is not None and promise.started and not promise.removing and promise.exit_code is not None:
            yield from _exits_truly(engine, promise)


def _exits_truly(engine: Engine, promise: Promise) -> Iterator[str]:
    reply = engine.call("POST", f"/containers/{promise.name}/wait", timeout=60)
    code = reply.json().get("StatusCode")
    if code != promise.exit_code:
        state = engine.call("GET", f"/containers/{promise.name}/json").json()["State"]
        yield f"container {promise.name} ended with {promise.exit_code}, wait says {code}, inspect {state}"


def true_states(engine: Engine) -> Iterator[str]:
    """Who is said to run has a process and a task, who is not has none; and nobody is half removed."""
    for row in engine.call("GET", "/containers/json?all=1").json():
        seen: dict[str, Any] = {}

        def is_true(container_id: str = row["Id"], seen: dict[str, Any] = seen) -> bool:
            reply = engine.call("GET", f"/containers/{container_id}/json")
            if reply.status == 404:  # an AutoRemove or a removal that was caught up with
                return True
            seen.update(reply.json()["State"])
            return _agrees(seen, container_id in _tasks(engine))

        try:
            wait_for(is_true, what=f"the state of {row['Names'][0]} is true", timeout=SETTLING, interval=0.2)
        except AssertionError:
            yield f"container {row['Names'][0]} is said to be {seen}; tasks: {sorted(_tasks(engine))}"


def _agrees(state: dict[str, Any], has_task: bool) -> bool:
    if state["Status"] == "dead":  # a removal that failed, as whoever asked for it was told
        return "containerd" in state["Error"] and not has_task
    if state["Status"] not in ("created", "running", "exited"):
        return False
    has_process = bool(state["Pid"]) and Path(f"/proc/{state['Pid']}").exists()
    return bool(state["Running"]) == has_task and has_process == has_task


def _tasks(engine: Engine) -> set[str]:
    ctr = ["ctr", "--address", engine.containerd, "--namespace", engine.namespace]
    return set(run([*ctr, "tasks", "list", "--quiet"]).stdout.split())


def whole_logs(engine: Engine, ledger: Ledger) -> Iterator[str]:
    """A writer's log holds each of its lines once, in order."""
    for promise in ledger.promises:
        if not (promise.lines and promise.started) or promise.removing:
            continue
        body = engine.call("GET", f"/containers/{promise.name}/logs?stdout=1&stderr=1").body
        lines = _payload(body).split(b"\n")[:-1]
        if lines != [b"%d" % number for number in range(1, promise.lines + 1)]:
            wrong = next((at for at, line in enumerate(lines) if line != b"%d" % (at + 1)), len(lines))
            yield f"the log of {promise.name} has {len(lines)} lines; line {wrong + 1} is wrong or missing"


def _payload(body: bytes) -> bytes:
    """The text of a stream in Docker's frames: 8 bytes of header, the last four the length."""
    parts, at = [], 0
    while at < len(body):
        (size,) = struct.unpack_from(">I", body, at + 4)
        parts.append(body[at + 8 : at + 8 + size])
        at += 8 + size
    return b"".join(parts)


def steady_container(engine: Engine, before: dict[str, Any], port: int) -> Iterator[str]:
    """The one that nobody touches has noticed nothing."""
    state = engine.call("GET", "/containers/steady/json").json()["State"]
    kept = ("Status", "Pid", "StartedAt")
    if any(state[key] != before[key] for key in kept):
        yield f"the steady container was {before} and is {state}"
    if fetch("127.0.0.1", port) != "steady\n":
        yield "the published port of the steady container does not answer"


def usable_images(engine: Engine, image: str) -> Iterator[str]:
    """An image that is listed can be run, and one that is not can be pulled."""
    listed = engine.call("GET", "/images/json").json()
    if not any(image in (row["RepoTags"] or []) for row in listed):
        name, _, tag = image.rpartition(":")
        reply = engine.call("POST", f"/images/create?fromImage={name}&tag={tag}", timeout=120)
        last = json.loads(reply.body.splitlines()[-1])
        if reply.status != 200 or "error" in last:
            yield f"cannot pull {image}: {last}"
            return
    made = engine.call("POST", "/containers/create?name=of-pulled", {"Image": image, "Cmd": ["/bin/true"]})
    if made.status != 201:
        yield f"cannot make a container of {image}: {made.body!r}"
        return
    if engine.call("POST", "/containers/of-pulled/start").status != 204:
        yield f"cannot start a container of {image}"
    if engine.call("POST", "/containers/of-pulled/wait").json()["StatusCode"] != 0:
        yield f"a container of {image} does not run"
