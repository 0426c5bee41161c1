"""What the answering engine knows: bodies as dockerd 28 writes them, with a value in each field that clients show."""

import base64
import io
import json
import tarfile
import time
from typing import Any

from fakes.http_engine import Route

EXEC = "e" * 64
MOMENT = "2024-05-06T07:08:09.123456789Z"
NAMES = {"web": "a1", "db": "b2", "job": "c3", "tty": "d4", "front": "f6"}


def id_of(name: str) -> str:
    """The id of a container or of the network."""
    return NAMES[name] * 32


def container(ref: str) -> Any:
    """GET /containers/{ref}/json, None for one that is not there."""
    name = next((name for name in ("web", "db", "job", "tty") if ref == name or id_of(name).startswith(ref)), "")
    if not name:
        return None
    running = name in ("web", "tty")
    return {
        "Id": id_of(name),
        "Created": MOMENT,
        "Path": "sleep",
        "Args": ["1000"],
        "Name": f"/{name}",
        "Image": f"sha256:{'5' * 64}",
        "RestartCount": 2,
        "Driver": "overlay2",
        "Platform": "linux",
        "LogPath": "/log",
        "SizeRw": 12345,
        "SizeRootFs": 4567890,
        "State": {
            "Status": {"db": "exited", "job": "created"}.get(name, "running"),
            "Running": running,
            "Paused": False,
            "Pid": 4321 if running else 0,
            "ExitCode": 3 if name == "db" else 0,
            "StartedAt": MOMENT,
            "FinishedAt": "0001-01-01T00:00:00Z",
        },
        "Config": {
            "Hostname": name,
            "Domainname": "",
            "User": "",
            "AttachStdin": False,
            "AttachStdout": False,
            "AttachStderr": False,
            "Tty": name == "tty",
            "OpenStdin": True,
            "StdinOnce": False,
            "Env": ["A=1", "B=<2>"],
            "Cmd": ["sleep", "1000"],
            "Image": "busybox",
            "Volumes": None,
            "WorkingDir": "",
            "Entrypoint": None,
            "OnBuild": None,
            "Labels": {"a": "b&c", "tier": "front"},
        },
        "HostConfig": {"NetworkMode": "bridge", "Memory": 1048576, "LogConfig": {"Type": "json-file", "Config": {}}},
        "Mounts": [{"Type": "volume", "Name": "data", "Source": "/v/data", "Destination": "/data", "RW": True}],
        "NetworkSettings": {
            "Ports": {
                "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}],
                "53/udp": [{"HostIp": "127.0.0.1", "HostPort": "5353"}],
                "9/tcp": None,
            },
            "Networks": {"bridge": {"IPAddress": "172.17.0.2", "NetworkID": "6" * 64}},
        },
    }


def container_rows(*, everything: bool) -> list[Any]:
    """GET /containers/json."""
    now = int(time.time())
    rows = [
        {
            "Id": id_of("web"),
            "Names": ["/web", "/db/alias"],
            "Image": "busybox",
            "ImageID": f"sha256:{'5' * 64}",
            "Command": "sleep 1000 && echo <a> and a long list of words",
            "Created": now - 7300,
            "Ports": [
                {"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
                {"IP": "::", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
                {"PrivatePort": 9, "Type": "tcp"},
                {"PrivatePort": 10, "Type": "tcp"},
                {"IP": "127.0.0.1", "PrivatePort": 53, "PublicPort": 5353, "Type": "udp"},
            ],
            "SizeRw": 12345,
            "SizeRootFs": 4567890,
            "Labels": {"tier": "front", "com.example.x": "y"},
            "State": "running",
            "Status": "Up 2 hours (healthy)",
            "HostConfig": {"NetworkMode": "bridge"},
            "NetworkSettings": {"Networks": {"bridge": {}}},
            "Mounts": [
                {"Type": "volume", "Name": "data", "Source": "", "Destination": "/data"},
                {"Type": "bind", "Source": "/a/long/path/on/this/host", "Destination": "/b"},
            ],
        },
        {
            "Id": id_of("db"),
            "Names": ["/db"],
            "Image": f"sha256:{'5' * 64}",
            "ImageID": f"sha256:{'5' * 64}",
            "Command": "sh",
            "Created": now - 400_000,
            "Ports": [],
            "Labels": {},
            "State": "exited",
            "Status": "Exited (3) 4 days ago",
            "HostConfig": {"NetworkMode": "none"},
            "NetworkSettings": {"Networks": {"none": {}}},
            "Mounts": [],
        },
    ]
    return rows if everything else rows[:1]


def image_rows() -> list[Any]:
    """GET /images/json."""
    now = int(time.time())
    return [
        {
            "Id": f"sha256:{'5' * 64}",
            "ParentId": "",
            "RepoTags": ["busybox:latest"],
            "RepoDigests": [f"busybox@sha256:{'7' * 64}"],
            "Created": now - 3 * 86400 - 100,
            "Size": 4261550,
            "SharedSize": -1,
            "Labels": None,
            "Containers": -1,
        },
        {
            "Id": f"sha256:{'2' * 64}",
            "ParentId": "",
            "RepoTags": ["registry.local:5000/team/busybox:1.36"],
            "RepoDigests": [],
            "Created": now - 30 * 86400,
            "Size": 123_456_789,
            "SharedSize": -1,
            "Labels": None,
            "Containers": -1,
        },
        {
            "Id": f"sha256:{'4' * 64}",
            "ParentId": "",
            "RepoTags": [],
            "RepoDigests": [],
            "Created": now - 40 * 86400,
            "Size": 999,
            "SharedSize": -1,
            "Labels": {"x": "y"},
            "Containers": -1,
        },
    ]


def history() -> list[Any]:
    """GET /images/busybox/history."""
    now = int(time.time())
    return [
        {
            "Id": f"sha256:{'5' * 64}",
            "Created": now - 7300,
            "CreatedBy": '/bin/sh -c #(nop)  CMD ["sh"] and many words more than fit in a column',
            "Tags": ["busybox:latest"],
            "Size": 0,
            "Comment": "a comment",
        },
        {
            "Id": "<missing>",
            "Created": now - 400_000,
            "CreatedBy": "ADD x",
            "Tags": None,
            "Size": 4261550,
            "Comment": "",
        },
    ]


_STATS = {
    "/etc": {"name": "etc", "size": 4096, "mode": 2147484141, "mtime": MOMENT, "linkTarget": ""},
    "/etc/motd": {"name": "motd", "size": 6, "mode": 420, "mtime": MOMENT, "linkTarget": ""},
    "/link": {"name": "link", "size": 9, "mode": 134218239, "mtime": MOMENT, "linkTarget": "/etc/motd"},
    "/tmp": {"name": "tmp", "size": 4096, "mode": 2148532735, "mtime": MOMENT, "linkTarget": ""},
    "/": {"name": "/", "size": 4096, "mode": 2147484141, "mtime": MOMENT, "linkTarget": ""},
}


def path_stat(path: str) -> Any:
    """What HEAD archive says of a path, None where nothing is."""
    return _STATS.get("/" + path.strip("/")) or _STATS.get("/" + path.strip("/").removesuffix("/."))


def archive_answer(path: str, stat: Any) -> Route:
    """GET or HEAD archive: the stat in its header, the tar as body."""
    data = io.BytesIO()
    name = "." if path.endswith("/.") else stat["name"].strip("/")
    with tarfile.open(fileobj=data, mode="w") as tar:
        directory = bool(stat["mode"] & 1 << 31)
        member = tarfile.TarInfo(name + ("/" if directory else ""))
        member.mode, member.mtime = stat["mode"] & 0o777, 1_700_000_000
        if stat["linkTarget"]:
            member.type, member.linkname = tarfile.SYMTYPE, stat["linkTarget"]
        elif directory:
            member.type = tarfile.DIRTYPE
        else:
            member.size = 6
        tar.addfile(member, io.BytesIO(b"hello\n"))
        if directory:
            inner = tarfile.TarInfo(f"{name}/motd".lstrip("/"))
            inner.size, inner.mtime = 6, 1_700_000_000
            tar.addfile(inner, io.BytesIO(b"hello\n"))
    header = base64.b64encode(json.dumps(stat).encode()).decode()

    def route(request: Any, connection: Any) -> None:
        head = f"HTTP/1.1 200 OK\r\nApi-Version: 1.50\r\nX-Docker-Container-Path-Stat: {header}\r\n"
        body = b"" if request.method == "HEAD" else data.getvalue()
        head += f"Content-Type: application/x-tar\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode() + body)

    return route


def pull_rows(tag: str) -> list[Any]:
    """The progress of POST /images/create."""
    layer = {"id": "0123456789ab"}
    return [
        {"status": "Pulling from library/busybox", "id": tag},
        {"status": "Pulling fs layer", "progressDetail": {}, **layer},
        {
            "status": "Downloading",
            "progressDetail": {"current": 50, "total": 100},
            "progress": "[=> ] 50B/100B",
            **layer,
        },
        {"status": "Pull complete", "progressDetail": {}, **layer},
        {"status": f"Digest: sha256:{'7' * 64}"},
        {"status": "Status: Downloaded newer image for busybox:latest"},
    ]


PUSH = [
    {"status": "The push refers to repository [docker.io/library/busybox]"},
    {"status": "Preparing", "progressDetail": {}, "id": "0123456789ab"},
    {"status": "Pushed", "progressDetail": {}, "id": "0123456789ab"},
    {"status": f"latest: digest: sha256:{'7' * 64} size: 527"},
    {"progressDetail": {}, "aux": {"Tag": "latest", "Digest": f"sha256:{'7' * 64}", "Size": 527}},
]
CHANGES = [{"Path": "/etc", "Kind": 0}, {"Path": "/new", "Kind": 1}, {"Path": "/gone", "Kind": 2}]
TOP = {
    "Titles": ["UID", "PID", "CMD"],
    "Processes": [["root", "4321", "sleep 1000"], ["daemon", "44444", "a b"]],
}
IMAGES_PRUNED = {
    "ImagesDeleted": [{"Untagged": "old:1"}, {"Deleted": f"sha256:{'4' * 64}"}],
    "SpaceReclaimed": 1234567,
}
IMAGE_REMOVED = [{"Untagged": "busybox:latest"}, {"Deleted": f"sha256:{'5' * 64}"}]
IMAGE = {
    "Id": f"sha256:{'5' * 64}",
    "RepoTags": ["busybox:latest"],
    "RepoDigests": [f"busybox@sha256:{'7' * 64}"],
    "Created": MOMENT,
    "Architecture": "amd64",
    "Os": "linux",
    "Size": 4261550,
    "Config": {"Cmd": ["sh"], "Env": ["PATH=/bin"], "Labels": {"a": "b"}},
    "RootFS": {"Type": "layers", "Layers": [f"sha256:{'3' * 64}"]},
    "Metadata": {"LastTagTime": MOMENT},
}
NETWORK = {
    "Name": "front",
    "Id": id_of("front"),
    "Created": MOMENT,
    "Scope": "local",
    "Driver": "bridge",
    "EnableIPv4": True,
    "EnableIPv6": False,
    "IPAM": {"Driver": "default", "Options": None, "Config": [{"Subnet": "10.1.0.0/24", "Gateway": "10.1.0.1"}]},
    "Internal": False,
    "Attachable": True,
    "Ingress": False,
    "ConfigFrom": {"Network": ""},
    "ConfigOnly": False,
    "Containers": {},
    "Options": {"x": "y"},
    "Labels": {"tier": "front"},
}
VOLUME = {
    "CreatedAt": MOMENT,
    "Driver": "local",
    "Labels": {"tier": "back"},
    "Mountpoint": "/v/data",
    "Name": "data",
    "Options": {"o": "uid=1"},
    "Scope": "local",
    "UsageData": {"RefCount": 1, "Size": 5000},
}
