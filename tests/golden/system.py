"""The engine about itself, headers, readings."""

from golden.scenario import scenario
from golden.subject import Subject, filters

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
    s.record("df", sorted(s.must("GET", "/system/df")))


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
