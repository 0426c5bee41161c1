"""Containers in every state: what create, inspect and the list say of them."""

import tempfile
from typing import Any

from golden.requests import HOST_CONFIG, LIMITS, NULLS, ZEROS
from golden.scenario import scenario
from golden.subject import FULL_IMAGE, LABEL, Subject, filters

VERSIONS = ("1.24", "1.41", "1.44", "1.51")
SECOND = 1_000_000_000


def _shown(subject: Subject, key: str, ref: str) -> None:
    subject.record(key, subject.inspect(ref))


@scenario
def created(s: Subject) -> None:
    """Nothing but an image; everything from an image that says a lot; empty and zero values of the docker CLI."""
    reply = s.create_reply("minimal")
    s.record("minimal create", reply)
    _shown(s, "minimal", reply["Id"])
    reply = s.create_reply("full", Image=FULL_IMAGE)
    s.record("full image create", reply)
    _shown(s, "full image", reply["Id"])
    reply = s.create_reply("zeros", Cmd=["true"], **ZEROS)
    s.record("zeros create", reply)
    _shown(s, "zeros", reply["Id"])
    reply = s.create_reply("words", Cmd="true", Entrypoint="env", Env=["A=1", "B", "A=2"], WorkingDir="/tmp/x/..")
    _shown(s, "words", reply["Id"])
    _shown(s, "nulls", s.create("nulls", **NULLS))


@scenario
def configured(s: Subject) -> None:
    """Config and HostConfig with a value at nearly every key."""
    reply = s.create_reply(
        "config",
        Hostname="web.example.org",
        Domainname="example.org",
        User="app:extra",
        AttachStdin=True,
        AttachStdout=True,
        AttachStderr=True,
        Tty=True,
        OpenStdin=True,
        StdinOnce=True,
        Env=["A=1"],
        Cmd=["-c", "true"],
        Entrypoint=["/bin/sh"],
        WorkingDir="/tmp",
        ExposedPorts={"80/tcp": {}, "90": {}, "53/udp": {}},
        Volumes={"/anonymous": {}},
        Labels={"b": "2"},
        StopSignal="SIGUSR1",
        StopTimeout=3,
        Shell=["/bin/sh", "-c"],
        Healthcheck={
            "Test": ["CMD", "true"],
            "Interval": 5 * SECOND,
            "Timeout": 3 * SECOND,
            "StartPeriod": SECOND,
            "StartInterval": SECOND,
            "Retries": 4,
        },
        HostConfig=HOST_CONFIG,
    )
    s.record("create", reply)
    _shown(s, "inspect", reply["Id"])
    _shown(s, "privileged", s.create("privileged", HostConfig={"Privileged": True, "PidMode": "host"}))
    _shown(
        s,
        "host namespaces",
        s.create("spaces", HostConfig={"IpcMode": "host", "UTSMode": "host", "UsernsMode": "host"}),
    )
    _shown(s, "shareable", s.create("shareable", HostConfig={"IpcMode": "shareable", "Init": True}))
    _shown(s, "shared", s.create("shared", HostConfig={"IpcMode": "container:golden-shareable"}))


@scenario
def running(s: Subject) -> None:
    """From start to exit, pause between, and a start that fails."""
    container_id = s.run("runs", "sleep", "1000")
    _shown(s, "running", container_id)
    s.must("POST", f"/containers/{container_id}/pause")
    _shown(s, "paused", container_id)
    s.must("POST", f"/containers/{container_id}/unpause")
    s.must("POST", f"/containers/{container_id}/kill")
    s.wait_exit(container_id)
    _shown(s, "killed", container_id)
    ended = s.run("ends", "sh", "-c", "exit 3")
    s.wait_exit(ended)
    _shown(s, "exited", ended)
    missing = s.create("missing", Cmd=["nothing-here"])
    s.record_reply("failed start", s.call("POST", f"/containers/{missing}/start"))
    _shown(s, "not started", missing)
    limited = s.run("limited", "sleep", "1000", HostConfig=LIMITS)
    _shown(s, "limited", limited)
    s.record("size", s.must("GET", f"/containers/{limited}/json?size=1"))


@scenario
def restarting(s: Subject) -> None:
    policy = {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 1}}
    container_id = s.run("again", "sh", "-c", "exit 3", HostConfig=policy)
    s.wait_until(
        container_id, lambda seen: seen["State"]["Status"] == "exited" and seen["RestartCount"] == 1, "retried"
    )
    _shown(s, "gave up", container_id)


@scenario
def mounted(s: Subject) -> None:
    """Volumes, binds, tmpfs: created and running."""
    s.must("POST", "/volumes/create", {"Name": "golden-v", "Labels": LABEL})
    with tempfile.TemporaryDirectory(prefix="golden-bind-") as folder:
        s.normal.words[folder] = "<folder>"
        container_id = s.create(
            "mounts",
            Cmd=["sleep", "1000"],
            Volumes={"/declared": {}},
            HostConfig={
                "Binds": ["golden-v:/named:ro", "golden-new:/made", f"{folder}:/bound:ro", f"{folder}:/plain"],
                "Tmpfs": {"/scratch": "size=1m,mode=700"},
                "Mounts": [
                    {"Type": "volume", "Source": "golden-v", "Target": "/m/volume", "ReadOnly": True},
                    {
                        "Type": "volume",
                        "Target": "/m/anonymous",
                        "VolumeOptions": {"NoCopy": True, "Labels": {"a": "b"}},
                    },
                    {
                        "Type": "bind",
                        "Source": folder,
                        "Target": "/m/bind",
                        "BindOptions": {"NonRecursive": True},
                    },
                    {"Type": "tmpfs", "Target": "/m/tmpfs", "TmpfsOptions": {"SizeBytes": 1 << 20, "Mode": 0o700}},
                ],
            },
        )
        _record_sorted(s, "created", container_id)
        s.must("POST", f"/containers/{container_id}/start")
        _record_sorted(s, "running", container_id)
        s.create("holder", Volumes={"/declared": {}}, HostConfig={"Binds": ["golden-v:/named", f"{folder}:/bound:ro"]})
        other = s.create("from", Cmd=["sleep", "1000"], HostConfig={"VolumesFrom": ["golden-holder:ro"]})
        _record_sorted(s, "volumes from", other)


def _record_sorted(s: Subject, key: str, container_id: str) -> None:
    """dockerd lists mounts in no order."""
    seen = s.inspect(container_id)
    seen["Mounts"].sort(key=lambda mount: mount["Destination"])
    s.record(key, seen)


@scenario
def networked(s: Subject) -> None:
    """Ports, no network, the host's, another container's, own networks."""
    ports = {
        "ExposedPorts": {"80/tcp": {}, "81/tcp": {}, "53/udp": {}},
        "HostConfig": {
            "PortBindings": {
                "80/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}],
                "53/udp": [{"HostPort": ""}],
            }
        },
    }
    container_id = s.create("ports", Cmd=["sleep", "1000"], **ports)
    _shown(s, "ports created", container_id)
    s.must("POST", f"/containers/{container_id}/start")
    _shown(s, "ports running", container_id)
    s.must("POST", f"/containers/{container_id}/stop?t=0")
    _shown(s, "ports stopped", container_id)
    _shown(s, "none", s.run("none", "sleep", "1000", HostConfig={"NetworkMode": "none"}))
    _shown(s, "host", s.run("host", "sleep", "1000", HostConfig={"NetworkMode": "host"}))
    joined = s.run("joined", "sleep", "1000", HostConfig={"NetworkMode": "container:golden-none"})
    _shown(s, "joined", joined)
    config = [{"Subnet": "10.213.77.0/24", "Gateway": "10.213.77.1"}]
    s.must("POST", "/networks/create", {"Name": "golden-n", "Labels": LABEL, "IPAM": {"Config": config}})
    s.must("POST", "/networks/create", {"Name": "golden-m", "Labels": LABEL})
    endpoints = {
        "golden-n": {
            "IPAMConfig": {"IPv4Address": "10.213.77.9"},
            "Aliases": ["one", "two"],
            "MacAddress": "02:42:0a:d5:4d:09",
            "DriverOpts": {"com.docker.network.endpoint.ifname": "eth0"},
            "GwPriority": 3,
        },
        "golden-m": {},
    }
    container_id = s.create(
        "member",
        Cmd=["sleep", "1000"],
        HostConfig={"NetworkMode": "golden-n"},
        NetworkingConfig={"EndpointsConfig": endpoints},
    )
    _shown(s, "member created", container_id)
    s.must("POST", f"/containers/{container_id}/start")
    for version in ("1.41", "1.44", "1.51"):
        s.record(f"member running {version}", s.inspect(container_id, version))
    s.must("POST", "/networks/golden-m/disconnect", {"Container": container_id})
    _shown(s, "member of one", container_id)
    s.must("POST", f"/containers/{container_id}/stop?t=0")
    _shown(s, "member stopped", container_id)


@scenario
def healthy(s: Subject) -> None:
    check = {"Test": ["CMD-SHELL", "echo fine"], "Interval": SECOND, "Retries": 2}
    container_id = s.run("healthy", "sleep", "1000", Healthcheck={**check, "Interval": 600 * SECOND})
    _shown(s, "starting", container_id)
    container_id = s.run("checked", "sleep", "1000", Healthcheck=check)
    s.wait_until(container_id, lambda seen: seen["State"]["Health"]["Status"] == "healthy", "healthy")
    seen = s.inspect(container_id)
    del seen["State"]["Health"]["Log"][1:]
    s.record("healthy", seen)
    _shown(s, "none", s.run("unchecked", "sleep", "1000", Healthcheck={"Test": ["NONE"]}))


@scenario
def listed(s: Subject) -> None:
    """The list of containers in the same states, at versions that differ."""
    s.create("a-created", Cmd=["true", "with space", 'and"quote'])
    body: dict[str, Any] = {"ExposedPorts": {"80/tcp": {}, "81/tcp": {}}, "Volumes": {"/declared": {}}}
    bound = {"PortBindings": {"80/tcp": [{"HostPort": ""}]}, "Binds": ["golden-l:/named"], "Annotations": {"a": "b"}}
    s.run("b-running", "sleep", "1000", HostConfig=bound, **body)
    paused = s.run("c-paused", "sleep", "1000", HostConfig={"NetworkMode": "none"})
    s.must("POST", f"/containers/{paused}/pause")
    ended = s.run("d-exited", "sh", "-c", "exit 3")
    s.run("e-checked", "sleep", "1000", Healthcheck={"Test": ["CMD", "true"], "Interval": 600 * SECOND})
    s.wait_exit(ended)
    for version in VERSIONS:
        rows = s.must("GET", f"/v{version}/containers/json?all=1&{filters(label=['golden'])}")
        for row in rows:
            row["Mounts"].sort(key=lambda mount: mount["Destination"])
            row["Ports"].sort(key=lambda port: (port["PrivatePort"], port.get("IP", "")))
        s.record(f"all {version}", rows)
    rows = s.must("GET", f"/containers/json?all=1&size=1&{filters(name=['golden-d-exited'])}")
    s.record("size", rows)
    s.record("none", s.must("GET", f"/containers/json?{filters(name=['golden-nobody'])}"))


@scenario
def executed(s: Subject) -> None:
    """Execs before, while and after they run."""
    container_id = s.run("execs", "sleep", "1000")
    body = {"Cmd": ["sh", "-c", "exit 4"], "AttachStdout": True, "User": "app", "Env": ["A=1"]}
    reply = s.must("POST", f"/containers/{container_id}/exec", body)
    s.record("create", reply)
    s.record_get("created", f"/exec/{reply['Id']}/json")
    s.record_reply("attached", s.call("POST", f"/exec/{reply['Id']}/start", {}))
    s.record_get("ended", f"/exec/{reply['Id']}/json")
    other = s.must("POST", f"/containers/{container_id}/exec", {"Cmd": ["sleep", "1000"], "Tty": True})["Id"]
    s.record_reply("detached", s.call("POST", f"/exec/{other}/start", {"Detach": True}))
    s.record_get("running", f"/exec/{other}/json")
    s.record("container", s.inspect(container_id)["ExecIDs"])
