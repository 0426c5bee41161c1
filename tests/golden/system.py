"""The engine about itself, headers, readings."""

from typing import Any

from golden.scenario import scenario
from golden.subject import IMAGE, Subject, filters

_OWN = ("date", "content-length", "transfer-encoding", "server", "connection")


@scenario
def engine_shapes(s: Subject) -> None:
    for version in ("1.24", "1.44", "1.51"):
        s.record_get(f"version {version}", f"/v{version}/version", types=True)
        info = s.must("GET", f"/v{version}/info")
        info["Runtimes"] = {}
        info["RegistryConfig"]["IndexConfigs"] = {}
        s.record(f"info {version}", info, types=True)
    info = s.must("GET", "/info")
    keys = ("OSType", "Architecture", "CgroupDriver", "CgroupVersion", "LoggingDriver", "DefaultRuntime", "Swarm")
    s.record("info values", {key: info[key] for key in (*keys, "IndexServerAddress", "MemoryLimit", "PidsLimit")})


@scenario
def disk_usage(s: Subject) -> None:
    """What takes room, by kind; of the rows only those of the scenario's own objects, and of these the types."""
    s.must("POST", "/volumes/create", {"Name": "golden-df", "Labels": {"golden": "1"}})
    s.run("df", "sleep", "1000", HostConfig={"Binds": ["golden-df:/d"]})
    for version in ("1.41", "1.44", "1.51"):
        usage = s.must("GET", f"/v{version}/system/df")
        s.record(f"keys {version}", sorted(usage))
        for kind, rows in _own_rows(usage).items():
            assert len(rows) == 1, (kind, rows)
            s.record(f"{kind} {version}", rows[0], types=True)
    for asked in ("container", "image", "volume", "build-cache", "image&type=volume"):
        usage = s.must("GET", f"/system/df?type={asked}")
        s.record(f"type {asked}", {key: _there(usage[key]) for key in usage})
    s.record_reply("type unknown", s.call("GET", "/system/df?type=golden"))


def _own_rows(usage: Any) -> dict[str, list[Any]]:
    return {
        "container": [row for row in usage["Containers"] if "/golden-df" in row["Names"]],
        "image": [row for row in usage["Images"] if IMAGE in (row["RepoTags"] or ())],
        "volume": [row for row in usage["Volumes"] if row["Name"] == "golden-df"],
    }


def _there(value: Any) -> str:
    """An engine that others use holds other things, too: only whether there is a list, a number or nothing."""
    return "none" if value is None else "list" if isinstance(value, list) else type(value).__name__


@scenario
def headers(s: Subject) -> None:
    """Which headers a reply has; what says how long it is, and by whom, is left out."""
    container_id = s.create("headers", Cmd=["sh", "-c", "echo out; sleep 1000"])
    requests = {
        "ping": ("GET", "/_ping"),
        "ping head": ("HEAD", "/_ping"),
        "ping 1.30": ("GET", "/v1.30/_ping"),
        "version": ("GET", "/v1.44/version"),
        "list": ("GET", "/containers/json"),
        "not found": ("GET", "/containers/golden-nobody/json"),
        "no route": ("GET", "/nowhere"),
        "no method": ("PATCH", "/containers/json"),
        "too new": ("GET", "/v9.99/version"),
        "too old": ("GET", "/v1.10/version"),
        "options": ("OPTIONS", "/containers/json"),
        "start": ("POST", f"/containers/{container_id}/start"),
        "start again": ("POST", f"/containers/{container_id}/start"),
        "double slash": ("GET", "//version"),
    }
    for key, (method, target) in requests.items():
        reply = s.call(method, target)
        kept = {name: value for name, value in reply.headers.items() if name not in _OWN}
        s.record(key, {"status": reply.status, "headers": kept})
    s.must("POST", f"/containers/{container_id}/stop?t=0")
    for version in ("1.41", "1.51"):
        reply = s.call("GET", f"/v{version}/containers/{container_id}/logs?stdout=1")
        kept = {name: value for name, value in reply.headers.items() if name not in _OWN}
        s.record(f"logs {version}", {"status": reply.status, "headers": kept, "body": reply.body.hex()})


@scenario
def readings(s: Subject) -> None:
    """Stats and top, of a running container and of one that is not."""
    container_id = s.run("read", "sleep", "1000")
    stats = s.must("GET", f"/containers/{container_id}/stats?stream=0")
    stats["blkio_stats"] = {key: None if value is None else [] for key, value in stats["blkio_stats"].items()}
    stats["memory_stats"]["stats"] = dict.fromkeys(("cache", "inactive_file", "total_inactive_file"), 0)
    s.record("stats", stats, types=True)
    once = s.must("GET", f"/containers/{container_id}/stats?stream=0&one-shot=1")
    s.record("one-shot", sorted(once))
    s.record("precpu of one-shot", once["precpu_stats"])
    top = s.must("GET", f"/containers/{container_id}/top")
    s.record("top", {"Titles": top["Titles"], "Commands": [row[-1] for row in top["Processes"]]})
    top = s.must("GET", f"/containers/{container_id}/top?ps_args=-o%20pid,args")
    s.record("top with arguments", {"Titles": top["Titles"], "Commands": [row[-1] for row in top["Processes"]]})
    s.must("POST", f"/containers/{container_id}/kill")
    s.wait_exit(container_id)
    stats = s.must("GET", f"/containers/{container_id}/stats?stream=0")
    s.record("stats of stopped", {**stats, "read": "", "preread": ""})
    s.record_reply("wait", s.call("POST", f"/containers/{container_id}/wait"))
    s.record_reply("changes", s.call("GET", f"/containers/{container_id}/changes"))
    s.record_reply("update", s.call("POST", f"/containers/{container_id}/update", {"Memory": 64 << 20}))
    s.record_reply("prune", s.call("POST", f"/containers/prune?{filters(label=['golden=nothing'])}"))
