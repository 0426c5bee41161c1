"""What is refused: status and text, which clients and test suites match on."""

from typing import Any

from support.fetch import free_port

from golden.scenario import scenario
from golden.subject import IMAGE, LABEL, Subject

Request = tuple[str, str] | tuple[str, str, Any]


def _all(s: Subject, requests: dict[str, Request]) -> None:
    for key, request in requests.items():
        s.record_reply(key, s.call(*request))


@scenario
def nothing_there(s: Subject) -> None:
    """Objects that do not exist."""
    nobody = "/containers/golden-nobody"
    _all(
        s,
        {
            "inspect": ("GET", f"{nobody}/json"),
            "start": ("POST", f"{nobody}/start"),
            "stop": ("POST", f"{nobody}/stop"),
            "logs": ("GET", f"{nobody}/logs?stdout=1"),
            "top": ("GET", f"{nobody}/top"),
            "stats": ("GET", f"{nobody}/stats?stream=0"),
            "wait": ("POST", f"{nobody}/wait"),
            "remove": ("DELETE", nobody),
            "rename": ("POST", f"{nobody}/rename?name=golden-x"),
            "exec": ("POST", f"{nobody}/exec", {"Cmd": ["true"]}),
            "exec start": ("POST", "/exec/golden-nothing/start", {}),
            "exec inspect": ("GET", "/exec/golden-nothing/json"),
            "archive": ("GET", f"{nobody}/archive?path=/"),
            "changes": ("GET", f"{nobody}/changes"),
            "export": ("GET", f"{nobody}/export"),
            "update": ("POST", f"{nobody}/update", {}),
            "image": ("GET", "/images/golden-nothing/json"),
            "image history": ("GET", "/images/golden-nothing/history"),
            "image remove": ("DELETE", "/images/golden-nothing"),
            "image tag": ("POST", "/images/golden-nothing/tag?repo=x"),
            "image save": ("GET", "/images/golden-nothing/get"),
            "create": ("POST", "/containers/create", {"Image": "golden-nothing"}),
            "commit": ("POST", "/commit?container=golden-nobody"),
            "network": ("GET", "/networks/golden-nothing"),
            "network remove": ("DELETE", "/networks/golden-nothing"),
            "connect": ("POST", "/networks/golden-nothing/connect", {"Container": "golden-nobody"}),
            "volume": ("GET", "/volumes/golden-nothing"),
            "volume remove": ("DELETE", "/volumes/golden-nothing"),
            "plugin": ("GET", "/plugins/golden-nothing/json"),
            "route": ("GET", "/nowhere"),
            "swarm": ("GET", "/swarm"),
            "services": ("GET", "/services"),
            "checkpoints": ("GET", f"{nobody}/checkpoints"),
        },
    )


def _create(name: str = "", **body: Any) -> Request:
    return ("POST", f"/containers/create?name={name}", {"Image": IMAGE, "Cmd": ["true"], **body})


def _host(**host: Any) -> Request:
    return _create(HostConfig=host)


CREATES: dict[str, Request] = {
    "empty": ("POST", "/containers/create", {}),
    "no body": ("POST", "/containers/create"),
    "not json": ("POST", "/containers/create", b"{"),
    "name in use": _create("golden-holder"),
    "bad name": _create("a"),
    "slash in name": _create("golden%2Fx"),
    "auto-remove and restart": _host(AutoRemove=True, RestartPolicy={"Name": "always"}),
    "unknown restart policy": _host(RestartPolicy={"Name": "sometimes"}),
    "retries with always": _host(RestartPolicy={"Name": "always", "MaximumRetryCount": 3}),
    "retries below zero": _host(RestartPolicy={"Name": "on-failure", "MaximumRetryCount": -3}),
    "little memory": _host(Memory=1000),
    "swap below memory": _host(Memory=32 << 20, MemorySwap=16 << 20),
    "swap alone": _host(MemorySwap=16 << 20),
    "reservation above memory": _host(Memory=32 << 20, MemoryReservation=64 << 20),
    "swappiness": _host(MemorySwappiness=200),
    "cpus and quota": _host(NanoCpus=10**9, CpuQuota=1000),
    "negative cpus": _host(NanoCpus=-(10**9)),
    "negative shares": _host(CpuShares=-1),
    "cpu period": _host(CpuPeriod=10),
    "cpu quota": _host(CpuQuota=10),
    "cpuset": _host(CpusetCpus="a"),
    "cpuset of others": _host(CpusetCpus="999"),
    "blkio weight": _host(BlkioWeight=5),
    "oom score": _host(OomScoreAdj=2000),
    "shm size": _host(ShmSize=-1),
    "log driver": _host(LogConfig={"Type": "golden"}),
    "log option": _host(LogConfig={"Type": "json-file", "Config": {"x": "y"}}),
    "runtime": _host(Runtime="golden"),
    "capability": _host(CapAdd=["GOLDEN"]),
    "security option": _host(SecurityOpt=["golden"]),
    "seccomp profile": _host(SecurityOpt=["seccomp={"]),
    "isolation": _host(Isolation="hyperv"),
    "ipc of nobody": _host(IpcMode="container:golden-nobody"),
    "pid of nobody": _host(PidMode="container:golden-nobody"),
    "ipc mode": _host(IpcMode="golden"),
    "pid mode": _host(PidMode="golden"),
    "uts mode": _host(UTSMode="golden"),
    "userns mode": _host(UsernsMode="golden"),
    "cgroupns mode": _host(CgroupnsMode="golden"),
    "volumes from nobody": _host(VolumesFrom=["golden-nobody"]),
    "volumes from mode": _host(VolumesFrom=["golden-holder:rr"]),
    "links": _host(Links=["golden-nobody:x"]),
    "bind": _host(Binds=["/tmp"]),
    "bind mode": _host(Binds=["/tmp:/x:golden"]),
    "bind over root": _host(Binds=["/tmp:/"]),
    "bind relative": _host(Binds=["./x:/x"]),
    "binds at one place": _host(Binds=["/tmp:/x", "/usr:/x"]),
    "bind of four": _host(Binds=["a:b:c:d"]),
    "mount type": _host(Mounts=[{"Type": "golden", "Target": "/x"}]),
    "mount without target": _host(Mounts=[{"Type": "bind", "Source": "/tmp"}]),
    "mount of nothing": _host(Mounts=[{"Type": "bind", "Source": "/golden-nothing", "Target": "/x"}]),
    "mount relative": _host(Mounts=[{"Type": "bind", "Source": "x", "Target": "/x"}]),
    "tmpfs with source": _host(Mounts=[{"Type": "tmpfs", "Source": "x", "Target": "/x"}]),
    "ulimit": _host(Ulimits=[{"Name": "nofile", "Soft": 20, "Hard": 10}]),
    "port": _host(PortBindings={"x/tcp": [{"HostPort": "1"}]}),
    "host port": _host(PortBindings={"80/tcp": [{"HostPort": "x"}]}),
    "exposed port": _create(ExposedPorts={"x/tcp": {}}),
    "env": _create(Env=["=x"]),
    "working directory": _create(WorkingDir="x"),
    "signal": _create(StopSignal="SIGGOLDEN"),
    "platform": ("POST", "/containers/create?platform=linux/s390x", {"Image": IMAGE}),
    "bad platform": ("POST", "/containers/create?platform=a/b/c/d", {"Image": IMAGE}),
    "health interval": _create(Healthcheck={"Test": ["CMD", "true"], "Interval": 10}),
    "health test": _create(Healthcheck={"Test": ["GOLDEN", "true"]}),
    "health retries": _create(Healthcheck={"Test": ["CMD", "true"], "Retries": -1}),
    "hostname of joined": _create(Hostname="x", HostConfig={"NetworkMode": "container:golden-holder"}),
    "ports of joined": _create(ExposedPorts={"80/tcp": {}}, HostConfig={"NetworkMode": "container:golden-holder"}),
    "dns of joined": _host(NetworkMode="container:golden-holder", Dns=["192.0.2.1"]),
    "hosts of joined": _host(NetworkMode="container:golden-holder", ExtraHosts=["a:192.0.2.1"]),
    "published of joined": _host(NetworkMode="container:golden-holder", PortBindings={"80/tcp": [{"HostPort": "0"}]}),
    "alias on bridge": _create(NetworkingConfig={"EndpointsConfig": {"bridge": {"Aliases": ["x"]}}}),
    "address on bridge": _create(
        NetworkingConfig={"EndpointsConfig": {"bridge": {"IPAMConfig": {"IPv4Address": "192.0.2.1"}}}}
    ),
    "extra host": _host(ExtraHosts=["x"]),
    "dns": _host(Dns=["x"]),
}


@scenario
def refused_creates(s: Subject) -> None:
    s.create("holder")
    _all(s, CREATES)


def _log(driver: str, **options: str) -> Request:
    given = {name.replace("_", "-"): value for name, value in options.items()}
    return _host(LogConfig={"Type": driver, "Config": given})


LOGS: dict[str, Request] = {
    "local option": _log("local", x="y"),
    "local tag": _log("local", tag="x"),
    "local mode": _log("local", mode="golden"),
    "local buffer": _log("local", max_buffer_size="1m"),
    "json mode": _log("json-file", mode="golden"),
    "json buffer": _log("json-file", max_buffer_size="1m"),
    "none option": _log("none", x="y"),
    "journald option": _log("journald", x="y"),
    "syslog option": _log("syslog", x="y"),
    "syslog facility": _log("syslog", syslog_facility="golden"),
    "syslog format": _log("syslog", syslog_format="golden"),
    "syslog scheme": _log("syslog", syslog_address="ftp://golden"),
    "syslog path": _log("syslog", syslog_address="unix:///golden-absent"),
}


@scenario
def refused_logs(s: Subject) -> None:
    _all(s, LOGS)


# `{runs}` and the like stand for the path of that container.
VERBS: dict[str, Request] = {
    "start twice": ("POST", "{runs}/start"),
    "stop of created": ("POST", "{fresh}/stop"),
    "kill of created": ("POST", "{fresh}/kill"),
    "top of created": ("GET", "{fresh}/top"),
    "pause of created": ("POST", "{fresh}/pause"),
    "resize of created": ("POST", "{fresh}/resize?h=1&w=1"),
    "exec in created": ("POST", "{fresh}/exec", {"Cmd": ["true"]}),
    "pause twice": ("POST", "{paused}/pause"),
    "exec in paused": ("POST", "{paused}/exec", {"Cmd": ["true"]}),
    "start of paused": ("POST", "{paused}/start"),
    "rm of paused": ("DELETE", "{paused}"),
    "unpause of running": ("POST", "{runs}/unpause"),
    "unpause of created": ("POST", "{fresh}/unpause"),
    "rm of running": ("DELETE", "/containers/golden-runs"),
    "kill signal": ("POST", "{runs}/kill?signal=GOLDEN"),
    "stop signal": ("POST", "{runs}/stop?signal=GOLDEN"),
    "stop time": ("POST", "{runs}/stop?t=x"),
    "rename to own": ("POST", "{runs}/rename?name=golden-runs"),
    "rename to nothing": ("POST", "{runs}/rename?name="),
    "rename to used": ("POST", "{runs}/rename?name=golden-fresh"),
    "rename to bad": ("POST", "{runs}/rename?name=%20"),
    "logs of nothing": ("GET", "{runs}/logs"),
    "logs since": ("GET", "{runs}/logs?stdout=1&since=zz"),
    "logs of none": ("GET", "{silent}/logs?stdout=1"),
    "wait condition": ("POST", "{runs}/wait?condition=golden"),
    "list limit": ("GET", "/containers/json?limit=x"),
    "filters": ("GET", "/containers/json?filters=x"),
    "unknown filter": ("GET", '/containers/json?filters={"foo":["x"]}'),
    "filter value": ("GET", '/containers/json?filters={"status":["x"]}'),
    "image filter": ("GET", '/images/json?filters={"foo":["x"]}'),
    "network filter": ("GET", '/networks?filters={"foo":["x"]}'),
    "volume filter": ("GET", '/volumes?filters={"foo":["x"]}'),
    "exec without command": ("POST", "{runs}/exec", {"Cmd": []}),
    "exec user": ("POST", "{runs}/exec", {"Cmd": ["true"], "User": "golden"}),
    "exec content type": ("POST", "{runs}/exec", b"{}"),
    "stats stream of once": ("GET", "{runs}/stats?stream=1&one-shot=1"),
    "top without pid": ("GET", "{runs}/top?ps_args=-o%20comm"),
    "top of wrong": ("GET", "{runs}/top?ps_args=--golden"),
    "archive without path": ("GET", "{runs}/archive"),
    "archive of nothing": ("GET", "{runs}/archive?path=/golden"),
    "archive into nothing": ("PUT", "{runs}/archive?path=/golden", b""),
    "archive into file": ("PUT", "{runs}/archive?path=/etc/passwd", b""),
    "update memory": ("POST", "{runs}/update", {"Memory": 1000}),
    "update policy": ("POST", "{runs}/update", {"RestartPolicy": {"Name": "golden"}}),
    "attach keys": ("POST", "{runs}/attach?stream=1&detachKeys=golden"),
    "commit change": ("POST", "/commit?container=golden-runs&changes=GOLDEN%20x"),
    "commit repo": ("POST", "/commit?container=golden-runs&repo=UPPER"),
    "tag name": ("POST", f"/images/{IMAGE}/tag?repo=UPPER"),
    "tag tag": ("POST", f"/images/{IMAGE}/tag?repo=x&tag=:"),
    "events time": ("GET", "/events?since=x"),
    "df type": ("GET", "/system/df?type=golden"),
}


@scenario
def refused_verbs(s: Subject) -> None:
    """Right verbs at the wrong time, and wrong values."""
    fresh = f"/containers/{s.create('fresh')}"
    runs = f"/containers/{s.run('runs', 'sleep', '1000')}"
    paused = f"/containers/{s.run('paused', 'sleep', '1000')}"
    s.must("POST", f"{paused}/pause")
    silent = f"/containers/{s.run('silent', 'true', HostConfig={'LogConfig': {'Type': 'none'}})}"
    s.wait_exit("golden-silent")
    places = {"{fresh}": fresh, "{runs}": runs, "{paused}": paused, "{silent}": silent}
    for key, (method, target, *body) in VERBS.items():
        name = target.partition("/")[0]
        s.record_reply(key, s.call(method, target.replace(name, places.get(name, name), 1) if name else target, *body))


@scenario
def refused_starts(s: Subject) -> None:
    """What only a start finds out."""
    port = str(free_port())
    s.normal.words[f":{port} "] = ":<host-port> "
    holder = s.run("port", "sleep", "1000", ExposedPorts={"80/tcp": {}}, HostConfig=_bound("127.0.0.1", port))
    assert holder
    bodies: dict[str, dict[str, Any]] = {
        "no such command": {"Cmd": ["golden"]},
        "no such path": {"Cmd": ["/golden"]},
        "not executable": {"Cmd": ["/etc/passwd"]},
        "a directory": {"Cmd": ["/etc"]},
        "no such user": {"Cmd": ["true"], "User": "golden"},
        "no such group": {"Cmd": ["true"], "User": "root:golden"},
        "no such added group": {"Cmd": ["true"], "HostConfig": {"GroupAdd": ["golden"]}},
        "no such device": {"Cmd": ["true"], "HostConfig": {"Devices": [{"PathOnHost": "/dev/golden"}]}},
        "port taken": {"ExposedPorts": {"80/tcp": {}}, "HostConfig": _bound("127.0.0.1", port)},
        "ipc of private": {"HostConfig": {"IpcMode": "container:golden-port"}},
        "network of stopped": {"HostConfig": {"NetworkMode": "container:golden-0"}},
        "pid of stopped": {"HostConfig": {"PidMode": "container:golden-0"}},
        "ipc of stopped": {"HostConfig": {"IpcMode": "container:golden-0"}},
        "sysctl": {"HostConfig": {"Sysctls": {"net.golden": "1"}}},
    }
    for number, (key, body) in enumerate(bodies.items()):
        reply = s.call("POST", f"/containers/create?name=golden-{number}", {"Image": IMAGE, "Labels": LABEL, **body})
        if reply.status != 201:
            s.record_reply(key, reply)
            continue
        container_id = reply.json()["Id"]
        s.record_reply(key, s.call("POST", f"/containers/{container_id}/start"))
        state = s.inspect(container_id)["State"]
        s.record(f"{key}: state", {name: state[name] for name in ("Status", "ExitCode", "Error")})


def _bound(address: str, port: str) -> dict[str, Any]:
    return {"PortBindings": {"80/tcp": [{"HostIp": address, "HostPort": port}]}}


@scenario
def refused_objects(s: Subject) -> None:
    """Networks and volumes."""
    config = [{"Subnet": "10.213.79.0/24"}]
    net = s.must("POST", "/networks/create", {"Name": "golden-n", "Labels": LABEL, "IPAM": {"Config": config}})["Id"]
    s.must("POST", "/volumes/create", {"Name": "golden-v"})
    member = s.run("member", "sleep", "1000", HostConfig={"NetworkMode": "golden-n", "Binds": ["golden-v:/v"]})
    other = s.create("other", Cmd=["sleep", "1000"])

    def network(**body: Any) -> Request:
        return ("POST", "/networks/create", {"Name": "golden-x", **body})

    _all(
        s,
        {
            "network twice": network(Name="golden-n"),
            "network without name": network(Name=""),
            "network of reserved name": network(Name="bridge"),
            "network overlap": network(IPAM={"Config": config}),
            "network subnet": network(IPAM={"Config": [{"Subnet": "golden"}]}),
            "network gateway": network(IPAM={"Config": [{"Subnet": "10.213.80.0/24", "Gateway": "192.0.2.1"}]}),
            "network driver": network(Driver="host"),
            "network ipam driver": network(IPAM={"Driver": "golden"}),
            "remove predefined": ("DELETE", "/networks/bridge"),
            "remove in use": ("DELETE", f"/networks/{net}"),
            "connect twice": ("POST", f"/networks/{net}/connect", {"Container": member}),
            "connect nobody": ("POST", f"/networks/{net}/connect", {"Container": "golden-nobody"}),
            "connect to host": ("POST", "/networks/host/connect", {"Container": other}),
            "disconnect other": ("POST", f"/networks/{net}/disconnect", {"Container": other}),
            "volume in use": ("DELETE", "/volumes/golden-v"),
            "volume name": ("POST", "/volumes/create", {"Name": "/x"}),
            "volume option": ("POST", "/volumes/create", {"Name": "golden-w", "DriverOpts": {"golden": "1"}}),
        },
    )
